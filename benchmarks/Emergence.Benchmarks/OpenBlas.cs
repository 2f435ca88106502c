using System.Runtime.InteropServices;

namespace Emergence.Benchmarks;

/// <summary>sgemm of OpenBLAS, where the machine has it.</summary>
internal sealed unsafe class OpenBlas
{
    private const int RowMajor = 101, NoTranspose = 111, Transpose = 112;

    private readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _sgemm;

    private OpenBlas(nint library, int threads)
    {
        _sgemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int,
            void>)NativeLibrary.GetExport(library, "cblas_sgemm");
        ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads"))(threads);
        Core = Marshal.PtrToStringAnsi((nint)((delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "openblas_get_config"))()) ?? "";
    }

    public string Core { get; }

    public static OpenBlas? TryOpen(int threads) => NativeLibrary.TryLoad("libopenblas.so.0", out var library) ? new(library, threads)
        : null;

    /// <summary>y (M, N) = a (M, K) b' with b (N, K), all dense.</summary>
    public void MatMul(int m, int n, int k, nint a, nint b, nint y) =>
        _sgemm(RowMajor, NoTranspose, Transpose, m, n, k, 1, (float*)a, k, (float*)b, k, 0, (float*)y, n);
}
