namespace Emergence.Studies;

/// <summary>All studies: adding one is one file and one row.</summary>
internal static class StudyTable
{
    public static IReadOnlyList<Study> Rows { get; } =
    [
        new ShotsStudy(),
        new NextTokenStudy(),
        new TextsStudy(),
        new ConditionalStudy(),
        new HallucinationStudy(),
        new TasksStudy(),
        new CompareStudy(),
        new RoutingStudy(),
        new InContextStudy(),
        new SkillsStudy(),
        new CompositesStudy(),
    ];
}
