using Emergence.Devices.Tensors;

namespace Emergence.Devices.Cpu;

/// <content>What a pass forward reads and writes.</content>
internal sealed unsafe partial class CpuSmallCritic
{
    /// <summary>Where a pass forward finds what it reads and writes: looked up once, not for every pair.</summary>
    private readonly struct ForwardPass(CpuSmallCritic critic, Tensor parameters, Tensor a, Tensor b)
    {
        private readonly Rows<int> _a = new(a);
        private readonly Rows<int> _b = new(b);
        private readonly float* _zx = (float*)critic._zx.Address;
        private readonly float* _zy = (float*)critic._zy.Address;

        public readonly float* Inner = (float*)critic._inner.Address;
        public readonly float* Turned = critic.Turned;
        public readonly float* Bias1 = critic.Bias(parameters, 1);
        public readonly float* Bias2 = critic.Bias(parameters, 2);
        public readonly float* Weight3 = critic.Weight(parameters, 3);
        public readonly float* Bias3 = critic.Bias(parameters, 3);
        public readonly float* Scores = (float*)critic.Scores.Address;

        /// <summary>First layer of x of pair r.</summary>
        public float* X(int r) => _zx + (long)*_a[r] * First;

        /// <summary>First layer of y of pair r.</summary>
        public float* Y(int r) => _zy + (long)*_b[r] * First;
    }
}
