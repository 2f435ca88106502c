namespace Emergence.Information.Exact;

/// <summary>One column of one side, as a table holds it: what is equal there has the same code, also where doubles merge.</summary>
/// <param name="Name">To speak of it.</param>
/// <param name="Values">(N) numbers; NaN where the column holds words.</param>
/// <param name="Codes">(N) numbers of the distinct values, from 0.</param>
/// <param name="Levels">Distinct values.</param>
public sealed record SideColumn(string Name, double[] Values, int[] Codes, int Levels);
