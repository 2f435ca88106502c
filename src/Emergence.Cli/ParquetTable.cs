using System.Globalization;
using System.Numerics;
using Emergence.Files;
using Emergence.Messages;
using Parquet;
using Parquet.Schema;

namespace Emergence.Cli;

/// <summary>A Parquet file as a table: flat columns of numbers, words and truth values; nulls and NaN are missing.</summary>
internal sealed class ParquetTable(string path, ParquetReader reader, DataOptions options)
{
    /// <summary>The column that pandas writes for an index that does not count.</summary>
    private const string IndexPrefix = "__index_level_";

    public static DataTable Read(string path, DataOptions options)
    {
        try
        {
            return OpenAsync(path, options).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is not (EmergenceException or OutOfMemoryException or OperationCanceledException))
        {
            // The library tells a damaged file by many kinds of exceptions, of its own and of the runtime.
            throw new EmergenceException($"{Printable.Escape(path)} cannot be read as Parquet: {Printable.Escape(error.Message)}",
                ExitCode.Usage, error);
        }
    }

    private static async Task<DataTable> OpenAsync(string path, DataOptions options)
    {
        await using var reader = await ParquetReader.CreateAsync(path, new ParquetOptions { TreatByteArrayAsString = true });
        return await new ParquetTable(path, reader, options).Read();
    }

    private async Task<DataTable> Read()
    {
        var (columns, unread, format) = (new List<DataColumn>(), new List<UnreadColumn>(), new List<string>());
        string[] names = [.. reader.Schema.Fields.Select(field => field.Name)];
        var labels = options.LabelsAmong(names);
        foreach (var (number, field) in reader.Schema.Fields.Index())
        {
            if (options.Use != ColumnUse.Chosen && field.Name.StartsWith(IndexPrefix, StringComparison.Ordinal))
                format.Add("without its index column");
            else if (await Column(field, labels.Contains(number)) is not { } column)
                unread.Add(new(number, $"column {Printable.Quote(field.Name)} holds {Kind(field)}: expected numbers or words"));
            else if (column.Codes.Length == 0)
                break;
            else
                columns.Add(column with { Number = number, IsSaidLabels = labels.Contains(number) });
        }

        if (columns.Count + unread.Count == 0)
            throw new EmergenceException($"{Printable.Escape(path)}: expected numbers or words, found no rows of them", ExitCode.Usage);
        return new(path, columns, format) { Names = names, Unread = unread };
    }

    private static string Kind(Field field) => field is not DataField data ? "nested values"
        : data.IsArray ? "lists"
        : data.ClrType == typeof(DateTime) || data.ClrType == typeof(DateOnly) || data.ClrType == typeof(TimeOnly)
            || data.ClrType == typeof(TimeSpan)
            ? "dates or times; days since the first would be numbers, --discrete with its name takes labels"
        : $"{data.ClrType.Name}s";

    /// <summary>Null if the kind of a column has no meaning as numbers or words.</summary>
    private async Task<DataColumn?> Column(Field field, bool isLabel)
    {
        if (field is not DataField data || data.IsArray)
            return null;
        var type = data.ClrType;
        return type == typeof(ReadOnlyMemory<char>) ? DataColumn.OfText(field.Name, await Words(data))
            : type == typeof(bool) ? await Wholes<bool>(data, value => value ? 1 : 0)
            : type == typeof(sbyte) ? await Wholes<sbyte>(data, value => value)
            : type == typeof(byte) ? await Wholes<byte>(data, value => value)
            : type == typeof(short) ? await Wholes<short>(data, value => value)
            : type == typeof(ushort) ? await Wholes<ushort>(data, value => value)
            : type == typeof(int) ? await Wholes<int>(data, value => value)
            : type == typeof(uint) ? await Wholes<uint>(data, value => value)
            : type == typeof(long) ? await Wholes<long>(data, value => value)
            : type == typeof(ulong) ? await Wholes<ulong>(data, value => value)
            : type == typeof(BigInteger) ? await Wholes<BigInteger>(data, value => (Int128)value)
            : type == typeof(float) ? await Doubles<float>(data, value => value)
            : type == typeof(double) ? await Doubles<double>(data, value => value)
            : type == typeof(decimal) ? await Decimals(data)
            : isLabel && type == typeof(DateTime) ? await Labels<DateTime>(data)
            : isLabel && type == typeof(DateOnly) ? await Labels<DateOnly>(data)
            : isLabel && type == typeof(TimeOnly) ? await Labels<TimeOnly>(data)
            : isLabel && type == typeof(TimeSpan) ? await Labels<TimeSpan>(data)
            : null;
    }

    private async Task<DataColumn> Wholes<T>(DataField field, Func<T, Int128> convert)
        where T : struct =>
        DataColumn.OfWholes(field.Name,
            Array.ConvertAll(await Values<T>(field), value => value is { } v ? convert(v) : (Int128?)null));

    private async Task<DataColumn> Doubles<T>(DataField field, Func<T, double> convert)
        where T : struct =>
        DataColumn.OfDoubles(field.Name, Array.ConvertAll(await Values<T>(field), value => value is { } v ? convert(v) : double.NaN));

    /// <summary>Whole ones as they are, others as the nearest doubles.</summary>
    private async Task<DataColumn> Decimals(DataField field)
    {
        var values = await Values<decimal>(field);
        return Array.TrueForAll(values, value => value is not { } v || decimal.IsInteger(v))
            ? DataColumn.OfWholes(field.Name, Array.ConvertAll(values, value => (Int128?)value))
            : DataColumn.OfDoubles(field.Name, Array.ConvertAll(values, value => (double?)value ?? double.NaN));
    }

    private async Task<DataColumn> Labels<T>(DataField field)
        where T : struct, IFormattable =>
        DataColumn.OfText(field.Name,
            Array.ConvertAll(await Values<T>(field), value => value?.ToString("O", CultureInfo.InvariantCulture)));

    private async Task<T?[]> Values<T>(DataField field)
        where T : struct
    {
        var values = new List<T?>();
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            using var group = reader.OpenRowGroupReader(i);
            var part = new T?[group.RowCount];
            if (field.IsNullable)
            {
                await group.ReadAsync(field, part.AsMemory());
            }
            else
            {
                var present = new T[group.RowCount];
                await group.ReadAsync(field, present.AsMemory());
                part = Array.ConvertAll(present, value => (T?)value);
            }

            values.AddRange(part);
        }

        return [.. values];
    }

    private async Task<string?[]> Words(DataField field)
    {
        var values = new List<string?>();
        for (var i = 0; i < reader.RowGroupCount; i++)
        {
            using var group = reader.OpenRowGroupReader(i);
            var part = new string?[group.RowCount];
            await group.ReadAsync(field, part.AsMemory()!);
            values.AddRange(part);
        }

        return [.. values];
    }
}
