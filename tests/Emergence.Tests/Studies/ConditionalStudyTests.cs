using Emergence.Studies;
using Emergence.Tables;

namespace Emergence.Tests.Studies;

public sealed class ConditionalStudyTests
{
    [Fact]
    public void Exact_values_are_closed_forms_and_lie_in_the_bracket()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "five.txt");
        File.WriteAllText(path, "the\nbig\nmom\nday\nshe\n");
        var result = StudyRun.Of(new ConditionalStudy(), ["stories260k"], ("data", path), ("shots", "2"), ("boundaries", "0,2"),
            ("positions", "1-3"), ("seeds", "2"), ("preset", "demo"));
        var table = result.Tables.Single().Table;

        // Boundary 0 is its own token. Further up: the first word at its comma, the first one of four given the second, all 20 at the last
        // comma.
        Assert.Equal(0, Exact(0, 2), 1e-9);
        Assert.Equal(Math.Log2(5), Exact(2, 1), 1e-9);
        Assert.Equal(Math.Log2(4), Exact(2, 2), 1e-9);
        Assert.Equal(Math.Log2(20), Exact(2, 3), 1e-9);
        Assert.Equal(6, table.Rows.Count);
        for (var row = 0; row < table.Rows.Count; row++)
        {
            var (exact, bits, from, to) = (Value(row, "exact_bits"), Value(row, "s_mine_bits"), Value(row, "from"), Value(row, "to"));
            Assert.InRange(exact, from - 1e-4, to + 1e-4);
            Assert.InRange(bits, from - 0.2, to + 1e-4);
            Assert.True(Value(row, "s_mine_xz_bits") <= Value(row, "exact_xz_bits") + 1e-4);
        }

        // Twenty classes are easy: the chain rule comes near.
        Assert.Equal(Math.Log2(20), StudyRun.Number(result, "conditional", "s_mine_bits", ("boundary", "2"), ("position", "3")), 0.2);

        double Exact(int boundary, int position) =>
            StudyRun.Number(result, "conditional", "exact_bits", ("boundary", $"{boundary}"), ("position", $"{position}"));

        double Value(int row, string column) =>
            table.Rows[row][table.Columns.ToList().FindIndex((TableColumn entry) => entry.Name == column)].Value;
    }

    [Fact]
    public void A_second_start_trains_nothing()
    {
        var (folder, path) = (TestData.TemporaryFolder(), Path.Combine(TestData.TemporaryFolder(), "five.txt"));
        File.WriteAllText(path, "the\nbig\nmom\nday\nshe\n");
        (string, string)[] options = [("data", path), ("shots", "1"), ("boundaries", "1"), ("seeds", "1"), ("preset", "demo")];
        StudyRun.In(folder, new ConditionalStudy(), ["stories260k"], options);
        var (journal, table) = (File.ReadAllBytes(Path.Combine(folder, "results.jsonl")),
            File.ReadAllText(Path.Combine(folder, "tables", "conditional.csv")));

        StudyRun.In(folder, new ConditionalStudy(), ["stories260k"], options);

        Assert.Equal(journal, File.ReadAllBytes(Path.Combine(folder, "results.jsonl")));
        Assert.Equal(table, File.ReadAllText(Path.Combine(folder, "tables", "conditional.csv")));
    }
}
