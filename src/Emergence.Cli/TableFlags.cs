using System.CommandLine;
using Emergence.Files;
using Emergence.Information.Exact;
using Emergence.Messages;

namespace Emergence.Cli;

/// <summary>The two sides of a measurement: columns of one file or of two.</summary>
internal sealed class TableFlags
{
    /// <summary>Values of --discrete beside a side and a list of columns.</summary>
    private const string Guessed = "auto", Numbers = "none", Both = "both";

    private const string Forms = "FILE.csv, FILE.tsv, FILE.parquet, FILE.npy, FILE.npz[:NAME] or FILE.safetensors[:TENSOR]";

    private readonly Argument<string> _x = new("X") { Description = $"One row an observation: {Forms}" };
    private readonly Argument<string?> _y =
        new("Y") { Description = "As many rows; left out where --x and --y choose columns of X", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _xColumns = new("--x") { Description = "Columns of x, by name or number from 0", HelpName = "A,B" };
    private readonly Option<string?> _yColumns = new("--y") { Description = "Columns of y", HelpName = "C" };
    private readonly Option<string?> _columns =
        new("--columns") { Description = "Columns to read, of every file that has them", HelpName = "LIST" };
    private readonly Option<string?> _header =
        new Option<string?>("--header")
        {
            Description = "Whether the first line of CSV files names the columns; found from the file where it is certain",
            HelpName = "yes|no",
        }.AcceptOnlyFromAmong("yes", "no");
    private readonly Option<string?> _decimal = new Option<string?>("--decimal")
    {
        Description = "What the comma in 1,5 is",
        HelpName = "comma|point",
    }.AcceptOnlyFromAmong("comma", "point");
    private readonly Option<bool> _drop =
        new("--drop-missing") { Description = "Leave rows without a value out of both sides, and say how many" };
    private readonly Option<string?> _discrete =
        new("--discrete")
        {
            Description = "What holds labels, not numbers: a side, both, none, columns by name, or found from the data",
            HelpName = "x|y|both|none|auto|LIST",
        };
    private readonly Option<string?> _tensor =
        new("--tensor") { Description = "Array of a .safetensors or .npz file, for both sides or for x and y", HelpName = "NAME[,NAME]" };
    private readonly Option<int?> _position =
        new("--position") { Description = "Position T of arrays [N, T, d], as capture writes them", HelpName = "T" };

    private readonly Option<string?> _given = new("--given")
    {
        Description = "z, for the information of x and y given z: columns of X, or a file of as many rows",
        HelpName = "Z",
    };
    private readonly Option<int> _exclude =
        new("--exclude") { Description = "Time series: rows that are at most N apart in order do not count as neighbours", HelpName = "N" };

    public void AddTo(Command command)
    {
        command.Add(_x);
        command.Add(_y);
        foreach (var option in new Option[] { _xColumns, _yColumns, _columns, _header, _decimal, _drop, _discrete, _tensor, _position,
            _exclude, _given })
            command.Add(option);
    }

    /// <summary>Two sides of as many rows, and a third if a condition is given.</summary>
    public Sides Read(ParseResult parsed)
    {
        var (left, right, third) = (parsed.GetRequiredValue(_x), parsed.GetValue(_y), parsed.GetValue(_given));
        var (xNames, yNames, zNames) =
            (List(parsed.GetValue(_xColumns)), List(parsed.GetValue(_yColumns)),
                third == null || DataFile.IsReference(third, Options(parsed)) ? null : List(third));
        var tensors = List(parsed.GetValue(_tensor));
        if (tensors is { Count: > 2 })
            throw new EmergenceException($"--tensor: expected one name, or one for x and one for y, found {tensors.Count}", ExitCode.Usage);
        if (parsed.GetValue(_exclude) < 0)
            throw new EmergenceException($"--exclude: expected 0 rows or more, found {parsed.GetValue(_exclude)}", ExitCode.Usage);
        var isOneTable = right == null && tensors is not { Count: 2 };
        if (isOneTable && (xNames == null || yNames == null))
            throw new EmergenceException("expected a second array, or --x and --y with columns of the first (or --target, or --pairs all)",
                ExitCode.Usage);
        var chosen = List(parsed.GetValue(_columns));
        var discrete = Discrete(parsed);
        var labels = discrete switch
        {
            Guessed or Numbers or Both => [],
            "x" => isOneTable ? xNames! : [],
            "y" => isOneTable ? yNames! : [],
            _ => List(discrete)!,
        };
        DataTable Load(string reference, int side) => DataFile.Read(reference, Options(parsed) with
        {
            Use = chosen != null || (side == 0 ? xNames : yNames) != null ? ColumnUse.Chosen : ColumnUse.All,
            Tensor = tensors?[Math.Min(side, tensors.Count - 1)],
            Labels = labels,
            AllLabels = discrete == Both || (!isOneTable && discrete == "xy"[side..(side + 1)]),
        });

        var first = Load(left, 0);
        var second = isOneTable ? first : Load(right ?? left, 1);
        var condition = third == null ? null
            : zNames == null ? DataFile.Read(third, Options(parsed) with { Labels = labels, AllLabels = discrete == Both })
            : zNames.TrueForAll(first.Has) ? first.Choose(zNames) : second.Choose(zNames);
        RequireKnown("--discrete", labels, [first, second, .. condition == null ? Array.Empty<DataTable>() : [condition]]);
        RequireKnown("--columns", chosen ?? [], first, second);
        DataTable[] sides = [Choose(first, xNames, chosen), Choose(second, yNames, chosen), .. condition == null
            ? Array.Empty<DataTable>() : [condition]];
        var (paired, dropped) = PairedTables.Pair(sides, parsed.GetValue(_drop));
        if (paired[0].Rows < 2)
            throw new EmergenceException($"{left}: expected 2 rows or more, found {paired[0].Rows}", ExitCode.Usage);
        var columns = paired.Select(table => Columns(table, discrete)).ToArray();
        var readings = columns.SelectMany(side => side.Select(column => column.Reading)).OfType<string>().Distinct().Take(8);
        return new(columns[0], columns[1], columns.ElementAtOrDefault(2), [.. (isOneTable ? [first] : sides)
            .Select(table => table.Description), .. Dropped(dropped), .. readings], parsed.GetValue(_exclude));
    }

    /// <summary>One table of columns that stand for themselves, as far as they can be read.</summary>
    /// <param name="parsed">The command.</param>
    /// <param name="target">A column that belongs to those chosen by --columns, if there is one.</param>
    public DataTable ReadTable(ParseResult parsed, string? target)
    {
        if (parsed.GetValue(_y) != null)
            throw new EmergenceException("expected one table for --target or --pairs, found two", ExitCode.Usage);
        var chosen = List(parsed.GetValue(_columns));
        var discrete = Discrete(parsed);
        var labels = discrete is Guessed or Numbers or Both ? [] : List(discrete)!;
        var table = DataFile.Read(parsed.GetRequiredValue(_x), Options(parsed) with
        {
            Use = chosen == null ? ColumnUse.Readable : ColumnUse.Chosen,
            Tensor = parsed.GetValue(_tensor),
            Labels = labels,
            AllLabels = discrete == Both,
        });
        RequireKnown("--discrete", labels, table);
        return chosen == null ? table : Choose(table, target == null ? chosen : [.. chosen, target], null);
    }

    /// <summary>Two columns of a table, without the rows in which one has no value.</summary>
    public (Sides Sides, int Dropped) Pair(ParseResult parsed, DataTable table, int x, int y)
    {
        var (paired, dropped) = PairedTables.Pair(
            [table with { Columns = [table.Columns[x]] }, table with { Columns = [table.Columns[y]] }], dropsMissing: true);
        var discrete = Discrete(parsed);
        return (new(Columns(paired[0], discrete), Columns(paired[1], discrete), null, [], parsed.GetValue(_exclude)), dropped);
    }

    private DataOptions Options(ParseResult parsed) => new()
    {
        Header = parsed.GetValue(_header) is { } header ? header == "yes" : null,
        DecimalComma = parsed.GetValue(_decimal) is { } comma ? comma == "comma" : null,
        Position = parsed.GetValue(_position),
        Readers = new Dictionary<string, Func<string, DataOptions, DataTable>> { [".parquet"] = ParquetTable.Read },
    };

    private string Discrete(ParseResult parsed) => parsed.GetValue(_discrete) ?? Guessed;

    private static string[] Dropped(int rows) => rows == 0 ? [] : [$"{rows} rows without a value left out"];

    private static DataTable Choose(DataTable table, List<string>? own, List<string>? both)
    {
        var words = own ?? both?.Where(table.Has).ToList();
        if (words is { Count: 0 })
            throw new EmergenceException($"{table.Source}: expected one of its columns or more, {table.Listed}, found none chosen",
                ExitCode.Usage);
        return words == null ? table : table.Choose(words);
    }

    private static void RequireKnown(string option, IReadOnlyList<string> words, params DataTable[] tables)
    {
        if (words.FirstOrDefault(word => !Array.Exists(tables, table => table.Has(word))) is { } unknown)
            throw new EmergenceException(
                $"{option}: expected columns of "
                + string.Join(" or ", tables.DistinctBy(table => table.Source).Select(table => $"{table.Source} ({table.Listed})"))
                + $", found {Printable.Quote(unknown)}", ExitCode.Usage);
    }

    /// <summary>What complete rows hold: labels where the user says so, numbers if none are, else what they look like.</summary>
    private static SideColumn[] Columns(DataTable table, string discrete) => [.. table.Columns.Select(column =>
    {
        var side = new SideColumn(column.Name.Length > 0 ? column.Name : $"column {column.Number}", column.Numbers, column.Codes,
            column.Levels);
        return column.IsSaidLabels ? side.As(isLabels: true) : discrete == Numbers ? side.As(isLabels: false) : side;
    })];

    private static List<string>? List(string? words) =>
        words == null ? null : [.. words.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}

/// <summary>Two sides of as many rows.</summary>
/// <param name="X">Columns of x.</param>
/// <param name="Y">Columns of y.</param>
/// <param name="Z">Columns of the condition, if there is one.</param>
/// <param name="Read">What was read, a phrase a file.</param>
/// <param name="Window">Rows so near in their order are no neighbours.</param>
internal sealed record Sides(
    IReadOnlyList<SideColumn> X, IReadOnlyList<SideColumn> Y, IReadOnlyList<SideColumn>? Z, IReadOnlyList<string> Read, int Window)
{
    public int Rows => X[0].Codes.Length;

    public JointClasses ToClasses() => new(new(X), new(Y), isEnumeration: false);
}
