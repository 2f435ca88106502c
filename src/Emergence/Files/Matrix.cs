namespace Emergence.Files;

/// <summary>Rows of numbers from a file.</summary>
/// <param name="Rows">N.</param>
/// <param name="Columns">d; 1 for a plain list.</param>
/// <param name="Values">(N, d), row-major, single precision.</param>
public sealed record Matrix(int Rows, int Columns, float[] Values);
