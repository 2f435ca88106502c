namespace Emergence.Studies;

/// <summary>
/// One question put to models: which runs and other figures it needs, and what they say. Adding one is one file and one
/// row in <see cref="StudyTable"/>; <c>emergence study NAME</c> has its options from <see cref="Options"/>.
/// </summary>
internal abstract class Study
{
    /// <summary>As users type it.</summary>
    public abstract string Name { get; }

    /// <summary>One line for help.</summary>
    public abstract string Description { get; }

    /// <summary>The question as a heading, for people who have not read the paper.</summary>
    public abstract string Title { get; }

    /// <summary>What it reads beside models, device and seed.</summary>
    public abstract IReadOnlyList<StudyOption> Options { get; }

    /// <summary>Models it needs at least.</summary>
    public virtual int LeastModels => 1;

    /// <summary>Its page is there in every language of <see cref="Reports.PageLanguage"/>.</summary>
    public virtual bool IsTranslated => false;

    /// <summary>
    /// Does what is not done yet and says what was found. Expensive parts go through <see cref="StudyContext.Measure"/> and
    /// <see cref="StudyContext.Once"/>, so that running the same command again goes on where the last one ended.
    /// </summary>
    public abstract StudyResult Run(StudyContext context);
}
