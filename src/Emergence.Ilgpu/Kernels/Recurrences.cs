using ILGPU;

namespace Emergence.Ilgpu.Kernels;

/// <summary>
/// What goes along the paths of a forest, each row from where its parent left off: a thread an element of a convolution, and a thread
/// a channel of a recurrence, whose states wait for their children in the places that the host has chosen.
/// </summary>
internal static class Recurrences
{
    public const int Threads = 64;

    internal readonly record struct ConvolveArguments(
        Matrix X, Integers Parents, Matrix Weight, int Taps, Matrix Bias, int Activation, Matrix Y, Elements Elements);

    /// <param name="Parents">Row that each continues.</param>
    /// <param name="Places">Where the state of each row waits.</param>
    /// <param name="Values">(places, channels, size).</param>
    /// <param name="Channels">Channels of all heads.</param>
    /// <param name="Width">Channels of a head.</param>
    /// <param name="Group">Heads that share what goes into a state.</param>
    /// <param name="Size">Numbers of a channel's state.</param>
    /// <param name="Rows">Rows of the forest.</param>
    internal readonly record struct States(
        Integers Parents, Integers Places, ArrayView<float> Values, int Channels, int Width, int Group, int Size, int Rows)
    {
        public int Channel => Grid.IdxX * Threads + ILGPU.Group.IdxX;

        public long At(int row, int channel) => ((long)Places.At(row) * Channels + channel) * Size;
    }

    internal readonly record struct ScanArguments(
        Matrix X, Matrix Steps, Matrix B, Matrix C, Matrix LogRates, int ByState, Matrix StepBias, float Least, float Most, Matrix Skip,
        Matrix Y, States States);

    internal readonly record struct DeltaArguments(
        Matrix Q, Matrix K, Matrix V, Matrix Steps, Matrix Gates, Matrix LogRates, Matrix StepBias, Matrix Y, States States);

    public static void Convolve(ConvolveArguments g)
    {
        int row = g.Elements.Row, column = g.Elements.Column;
        if (!g.Elements.IsInside)
            return;
        var sum = g.Bias.IsThere ? g.Bias.At(0, column) : 0;
        var at = row;
        for (var j = g.Taps - 1; at >= 0 && j >= 0; j--)
        {
            sum += g.Weight.At(column, j) * g.X.At(at, column);
            at = g.Parents.At(at);
        }

        g.Y.At(row, column) = Functions.Activate(sum, g.Activation);
    }

    /// <summary>state = e^(-step rate) * the parent's + step x b; y = state c + skip x.</summary>
    public static void Scan(ScanArguments g)
    {
        var channel = g.States.Channel;
        if (channel >= g.States.Channels)
            return;
        int head = channel / g.States.Width, first = head / g.States.Group * g.States.Size;
        for (var row = 0; row < g.States.Rows; row++)
        {
            var parent = g.States.Parents.At(row);
            long from = parent < 0 ? 0 : g.States.At(parent, channel), to = g.States.At(row, channel);
            var step = Functions.SoftPlus(g.Steps.At(row, head) + (g.StepBias.IsThere ? g.StepBias.At(0, head) : 0));
            step = step < g.Least ? g.Least : step > g.Most ? g.Most : step;
            float own = g.X.At(row, channel), sum = 0f;
            for (var i = 0; i < g.States.Size; i++)
            {
                var state = step * own * g.B.At(row, first + i);
                if (parent >= 0)
                    state += Functions.Exp(-step * Functions.Exp(g.LogRates.At(head, g.ByState != 0 ? i : 0))) * g.States.Values[from + i];
                g.States.Values[to + i] = state;
                sum += state * g.C.At(row, first + i);
            }

            g.Y.At(row, channel) = sum + g.Skip.At(0, head) * own;
        }
    }

    /// <summary>kept = e^(-rate step) * the parent's; state = kept + k (v - kept k) sigmoid(gate); y = state q.</summary>
    public static void Delta(DeltaArguments g)
    {
        var channel = g.States.Channel;
        if (channel >= g.States.Channels)
            return;
        int head = channel / g.States.Width, first = head / g.States.Group * g.States.Size;
        var rate = Functions.Exp(g.LogRates.At(head, 0));
        for (var row = 0; row < g.States.Rows; row++)
        {
            var parent = g.States.Parents.At(row);
            long from = parent < 0 ? 0 : g.States.At(parent, channel), to = g.States.At(row, channel);
            var decay = Functions.Exp(-rate * Functions.SoftPlus(g.Steps.At(row, head) + g.StepBias.At(0, head)));
            var known = 0f;
            for (var i = 0; i < g.States.Size; i++)
            {
                var kept = parent < 0 ? 0 : decay * g.States.Values[from + i];
                g.States.Values[to + i] = kept;
                known += kept * g.K.At(row, first + i);
            }

            var change = (g.V.At(row, channel) - known) * Functions.Sigmoid(g.Gates.At(row, head));
            var sum = 0f;
            for (var i = 0; i < g.States.Size; i++)
            {
                var state = g.States.Values[to + i] + g.K.At(row, first + i) * change;
                g.States.Values[to + i] = state;
                sum += state * g.Q.At(row, first + i);
            }

            g.Y.At(row, channel) = sum;
        }
    }
}
