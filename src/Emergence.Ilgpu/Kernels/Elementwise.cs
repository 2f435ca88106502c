namespace Emergence.Ilgpu.Kernels;

/// <summary>What becomes of every element by itself.</summary>
internal static class Elementwise
{
    internal readonly record struct GateArguments(Matrix Gate, Matrix Up, Matrix Y, int Activation, Elements Elements);

    internal readonly record struct ScaleArguments(Matrix X, float Factor, Matrix Y, Matrix Residual, Elements Elements);

    internal readonly record struct ClipArguments(Matrix X, float Least, float Most, Elements Elements);

    internal readonly record struct XieluArguments(
        Matrix X, float Positive, float Negative, float Linear, float Limit, Elements Elements);

    internal readonly record struct SoftCapArguments(Matrix X, float Cap, Elements Elements);

    internal readonly record struct AddPairsArguments(Matrix Zx, Integers A, Matrix Zy, Integers B, Matrix Y, Elements Elements);

    internal readonly record struct LeakyReluGradientArguments(Matrix Y, Matrix Dy, Elements Elements);

    public static void Gate(GateArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (g.Elements.IsInside)
            g.Y.At(row, column) = Functions.Activate(g.Gate.At(row, column), g.Activation) * g.Up.At(row, column);
    }

    public static void Scale(ScaleArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var value = g.Factor * g.X.At(row, column);
        g.Y.At(row, column) = g.Residual.IsThere ? value + g.Residual.At(row, column) : value;
    }

    public static void Clip(ClipArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var x = g.X.At(row, column);
        g.X.At(row, column) = x < g.Least ? g.Least : x > g.Most ? g.Most : x;
    }

    public static void ApplyXielu(XieluArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var x = g.X.At(row, column);
        var curve = x > 0
            ? g.Positive * x * x
            : g.Negative * (Functions.ExpMinusOne(x > g.Limit ? g.Limit : x) - x);
        g.X.At(row, column) = curve + g.Linear * x;
    }

    public static void SoftCap(SoftCapArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (g.Elements.IsInside)
            g.X.At(row, column) = g.Cap * Functions.Tanh(g.X.At(row, column) / g.Cap);
    }

    public static void AddPairs(AddPairsArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (g.Elements.IsInside)
            g.Y.At(row, column) = Functions.LeakyRelu(g.Zx.At(g.A.At(row), column) + g.Zy.At(g.B.At(row), column));
    }

    public static void LeakyReluGradient(LeakyReluGradientArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (g.Elements.IsInside && !(g.Y.At(row, column) > 0))
            g.Dy.At(row, column) = (float)Devices.Device.LeakySlope * g.Dy.At(row, column);
    }
}
