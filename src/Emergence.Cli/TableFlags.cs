using System.CommandLine;
using Emergence.Files;
using Emergence.Information.Exact;
using Emergence.Messages;

namespace Emergence.Cli;

/// <summary>Which columns of which files are the two sides.</summary>
internal sealed class TableFlags
{
    private const string Forms = "FILE.csv, FILE.tsv, FILE.npy, FILE.npz[:NAME] or FILE.safetensors[:TENSOR]";

    private readonly Argument<string> _x = new("X") { Description = $"One row an observation: {Forms}" };
    private readonly Argument<string?> _y = new("Y") { Description = "As many rows; left out where --x and --y choose columns of X", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _xColumns = new("--x") { Description = "Columns of x, by name or number from 0", HelpName = "A,B" };
    private readonly Option<string?> _yColumns = new("--y") { Description = "Columns of y", HelpName = "C" };
    private readonly Option<string?> _columns = new("--columns") { Description = "Columns to read, of every file that has them", HelpName = "LIST" };
    private readonly Option<string?> _header = new Option<string?>("--header") { Description = "Whether the first line of CSV files names the columns; found from the file where it is certain", HelpName = "yes|no" }.AcceptOnlyFromAmong("yes", "no");
    private readonly Option<string?> _decimal = new Option<string?>("--decimal") { Description = "What the comma in 1,5 is", HelpName = "comma|point" }.AcceptOnlyFromAmong("comma", "point");
    private readonly Option<bool> _drop = new("--drop-missing") { Description = "Leave rows without a value out of both sides, and say how many" };
    private readonly Option<string?> _discrete = new("--discrete") { Description = "What holds labels, not numbers: a side, both, none, columns by name, or found from the data", HelpName = "x|y|both|none|auto|LIST" };
    private readonly Option<string?> _tensor = new("--tensor") { Description = "Array of a .safetensors or .npz file, for both sides or for x and y", HelpName = "NAME[,NAME]" };
    private readonly Option<int?> _position = new("--position") { Description = "Position T of arrays [N, T, d], as capture writes them", HelpName = "T" };

    public void AddTo(Command command)
    {
        command.Add(_x);
        command.Add(_y);
        foreach (var option in new Option[] { _xColumns, _yColumns, _columns, _header, _decimal, _drop, _discrete, _tensor, _position })
            command.Add(option);
    }

    public Sides Read(ParseResult parsed)
    {
        var (left, right) = (parsed.GetRequiredValue(_x), parsed.GetValue(_y));
        var (xNames, yNames) = (List(parsed.GetValue(_xColumns)), List(parsed.GetValue(_yColumns)));
        var tensors = List(parsed.GetValue(_tensor));
        if (tensors is { Count: > 2 })
            throw new EmergenceException($"--tensor: expected one name, or one for x and one for y, found {tensors.Count}", ExitCode.Usage);
        var isOneTable = right == null && tensors is not { Count: 2 };
        if (isOneTable && (xNames == null || yNames == null))
            throw new EmergenceException("expected a second array, or --x and --y with columns of the first", ExitCode.Usage);
        var chosen = List(parsed.GetValue(_columns));
        var discrete = parsed.GetValue(_discrete) ?? "auto";
        var labels = discrete is "auto" or "none" or "both" or "x" or "y" ? [] : List(discrete)!;
        DataTable Load(string reference, int side) => DataFile.Read(reference, new()
        {
            Header = parsed.GetValue(_header) is { } header ? header == "yes" : null,
            DecimalComma = parsed.GetValue(_decimal) is { } comma ? comma == "comma" : null,
            IsChosen = chosen != null || (side == 0 ? xNames : yNames) != null,
            Tensor = tensors?[Math.Min(side, tensors.Count - 1)],
            Position = parsed.GetValue(_position),
            AllLabels = discrete == "both" || (!isOneTable && discrete == "xy"[side..(side + 1)]),
            Labels = labels,
        });

        var first = Load(left, 0);
        var second = isOneTable ? first : Load(right ?? left, 1);
        RequireKnown("--discrete", labels, first, second);
        RequireKnown("--columns", chosen ?? [], first, second);
        var sides = new[] { Choose(first, xNames, chosen), Choose(second, yNames, chosen) };
        var (paired, dropped) = PairedTables.Pair(sides, parsed.GetValue(_drop));
        if (paired[0].Rows < 2)
            throw new EmergenceException($"{left}: expected 2 rows or more, found {paired[0].Rows}", ExitCode.Usage);
        string[] read = [.. (isOneTable ? [first] : new[] { sides[0], sides[1] }).Select(table => table.Description), .. dropped == 0 ? Array.Empty<string>() : [$"{dropped} rows without a value left out"]];
        return new(Columns(paired[0]), Columns(paired[1]), read);
    }

    private static DataTable Choose(DataTable table, List<string>? own, List<string>? both)
    {
        var words = own ?? both?.Where(word => table.Find(word) >= 0).ToList();
        if (words is { Count: 0 })
            throw new EmergenceException($"{table.Source}: --columns names none of its columns: {string.Join(", ", Enumerable.Range(0, Math.Min(20, table.Columns.Count)).Select(table.NameOf))}", ExitCode.Usage);
        return words == null ? table : table.Choose(words);
    }

    private static void RequireKnown(string option, IReadOnlyList<string> words, params DataTable[] tables)
    {
        if (words.FirstOrDefault(word => tables.All(table => table.Find(word) < 0)) is { } unknown)
            throw new EmergenceException($"{option}: no column {Printable.Quote(unknown)} in {string.Join(" or ", tables.Select(table => table.Source).Distinct())}", ExitCode.Usage);
    }

    private static SideColumn[] Columns(DataTable table) => [.. table.Columns.Select((column, number) => new SideColumn(table.NameOf(number), column.Numbers, column.Codes, column.Levels))];

    private static List<string>? List(string? words) => words == null ? null : [.. words.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}

/// <summary>Two sides of as many rows.</summary>
/// <param name="X">Columns of x.</param>
/// <param name="Y">Columns of y.</param>
/// <param name="Read">What was read, a phrase a file.</param>
internal sealed record Sides(IReadOnlyList<SideColumn> X, IReadOnlyList<SideColumn> Y, IReadOnlyList<string> Read)
{
    public int Rows => X[0].Codes.Length;

    public JointClasses ToClasses() => new(new(X), new(Y), isEnumeration: false);
}
