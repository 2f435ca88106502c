using System.Text;
using Emergence.Measurement.Run;

namespace Emergence.Tests.Measurement;

public sealed class JournalTests
{
    private static readonly string[] Lines =
        [.. Enumerable.Range(0, 6).Select(i => $$"""{"cell":"{{i}}","mi_bits":{{i}}.25,"text":"{{new string('x', 3 * i)}}"}""")];

    [Fact]
    public void What_was_appended_is_read_back_in_order()
    {
        var path = Written();
        var content = Journal.Read(path);

        Assert.Equal(Lines, content.Lines.Select(Encoding.UTF8.GetString));
        Assert.Equal((0, null), (content.TornBytes, content.Damage));
        Assert.Equal(new FileInfo(path).Length, content.ValidBytes);
    }

    [Fact]
    public void A_line_is_json_tab_eight_hex_digits_of_its_sha256()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "results.jsonl");
        var (journal, _) = Journal.Open(path);
        journal.Append("{}"u8);
        journal.Dispose();

        // printf '{}' | sha256sum
        Assert.Equal("{}\t44136fa3\n", File.ReadAllText(path));
    }

    [Fact]
    public void Cut_at_every_byte_of_the_last_three_lines_the_lines_before_stay()
    {
        var bytes = File.ReadAllBytes(Written());
        var ends = LineEnds(bytes);
        var path = Path.Combine(TestData.TemporaryFolder(), "results.jsonl");
        for (var cut = ends[^4]; cut < bytes.Length; cut++)
        {
            File.WriteAllBytes(path, bytes[..cut]);
            var whole = ends.Count(end => end <= cut);

            var (journal, content) = Journal.Open(path);
            Assert.Equal(Lines[..whole], content.Lines.Select(Encoding.UTF8.GetString));
            Assert.Equal(cut - ends[whole - 1], content.TornBytes);

            // What is appended afterwards starts on a line of its own.
            journal.Append(Encoding.UTF8.GetBytes(Lines[0]));
            journal.Dispose();
            Assert.Equal([.. Lines[..whole], Lines[0]], Journal.Read(path).Lines.Select(Encoding.UTF8.GetString));
        }
    }

    [Fact]
    public void Every_flipped_bit_is_noticed_and_the_lines_before_it_stay_readable()
    {
        var bytes = File.ReadAllBytes(Written());
        var ends = LineEnds(bytes);
        var path = Path.Combine(TestData.TemporaryFolder(), "results.jsonl");
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            var flipped = (byte[])bytes.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, flipped);

            var content = Journal.Read(path);
            var line = ends.Count(end => end <= bit / 8);
            Assert.Equal(Lines[..line], content.Lines.Select(Encoding.UTF8.GetString));
            if (content.Damage == null)
                Assert.True(content.TornBytes > 0 && line == Lines.Length - 1, $"bit {bit} went unnoticed");
            else
                Assert.Contains($"line {line + 1} does not match its checksum", content.Damage);
        }
    }

    [Fact]
    public void A_damaged_journal_is_not_appended_to()
    {
        var path = Written();
        var bytes = File.ReadAllBytes(path);
        bytes[LineEnds(bytes)[1] + 3] ^= 1;
        File.WriteAllBytes(path, bytes);

        var error = Assert.Throws<EmergenceException>(() => Journal.Open(path));

        Assert.Contains("line 3 does not match its checksum", error.Message);
        Assert.Contains("2 lines before it are readable", error.Message);
        Assert.Equal(bytes, File.ReadAllBytes(path));
    }

    [Fact]
    public void An_absent_journal_is_empty()
    {
        var content = Journal.Read(Path.Combine(TestData.TemporaryFolder(), "none"));

        Assert.Empty(content.Lines);
        Assert.Null(content.Damage);
    }

    private static string Written()
    {
        var path = Path.Combine(TestData.TemporaryFolder(), "results.jsonl");
        var (journal, _) = Journal.Open(path);
        foreach (var line in Lines)
            journal.Append(Encoding.UTF8.GetBytes(line));
        journal.Dispose();
        return path;
    }

    private static List<int> LineEnds(byte[] bytes) =>
        [.. Enumerable.Range(0, bytes.Length).Where(i => bytes[i] == '\n').Select(i => i + 1)];
}
