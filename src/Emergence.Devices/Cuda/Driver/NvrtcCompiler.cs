using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Emergence.Devices.Cuda.Driver;

/// <summary>Compiles the embedded sources by NVIDIA's run-time compiler and keeps the result on disk.</summary>
internal sealed unsafe class NvrtcCompiler
{
    private readonly delegate* unmanaged<int*, int*, int> _version;
    private readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> _createProgram;
    private readonly delegate* unmanaged<nint, int, byte**, int> _compileProgram;
    private readonly delegate* unmanaged<nint, nuint*, int> _logSize;
    private readonly delegate* unmanaged<nint, byte*, int> _log;
    private readonly delegate* unmanaged<nint, nuint*, int> _ptxSize;
    private readonly delegate* unmanaged<nint, byte*, int> _ptx;
    private readonly delegate* unmanaged<nint*, int> _destroyProgram;
    private readonly string _file;
    private readonly int _number;

    public NvrtcCompiler(nint library, string file)
    {
        _file = file;
        _version = (delegate* unmanaged<int*, int*, int>)NativeLibrary.GetExport(library, "nvrtcVersion");
        _createProgram =
            (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)NativeLibrary.GetExport(library, "nvrtcCreateProgram");
        _compileProgram = (delegate* unmanaged<nint, int, byte**, int>)NativeLibrary.GetExport(library, "nvrtcCompileProgram");
        _logSize = (delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(library, "nvrtcGetProgramLogSize");
        _log = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(library, "nvrtcGetProgramLog");
        _ptxSize = (delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(library, "nvrtcGetPTXSize");
        _ptx = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(library, "nvrtcGetPTX");
        _destroyProgram = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "nvrtcDestroyProgram");
        int major, minor;
        Check(_version(&major, &minor), "nvrtcVersion");
        (Version, _number) = ($"{major}.{minor}", 1000 * major + 10 * minor);
    }

    public string Version { get; }

    /// <summary>The first whose code this driver takes, else the first: in the loader's path, CUDA_HOME, Python's packages.</summary>
    /// <param name="driverVersion">12040 for CUDA 12.4: a driver takes no code of a newer compiler.</param>
    public static NvrtcCompiler? Find(int driverVersion) =>
        Choose(NvrtcPlaces.All().Select(TryOpen).OfType<NvrtcCompiler>(), compiler => compiler._number, driverVersion);

    internal static T? Choose<T>(IEnumerable<T> found, Func<T, int> version, int driverVersion)
        where T : class
    {
        T? first = null;
        foreach (var compiler in found)
        {
            if (version(compiler) <= driverVersion)
                return compiler;
            first ??= compiler;
        }

        return first;
    }

    /// <summary>The one the user names.</summary>
    public static NvrtcCompiler Open(string file)
    {
        if (TryOpen(file) is { } compiler)
            return compiler;
        var found = File.Exists(file) || NativeLibrary.TryLoad(file, out _) ? "something else" : "nothing";
        throw new EmergenceException($"expected NVIDIA's run-time compiler (libnvrtc.so) at {file}, found {found}", ExitCode.Usage);
    }

    private static NvrtcCompiler? TryOpen(string file)
    {
        // NVRTC looks for its second half by a bare name; one that is loaded already is found.
        foreach (var builtins in NvrtcPlaces.BuiltinsBeside(file))
            NativeLibrary.TryLoad(builtins, out _);
        var isThere = NativeLibrary.TryLoad(file, out var library) && NativeLibrary.TryGetExport(library, "nvrtcCompileProgram", out _);
        return isThere ? new(library, file) : null;
    }

    /// <summary>PTX of one kernel file, from the cache if the same was compiled before.</summary>
    public KernelImage Compile(string file, string target, int driverVersion)
    {
        var source = SourceOf(file);
        var headers = KernelImages.Resources("include/").ToDictionary(
            name => name["include/".Length..], name => KernelImages.Resource(name)!);
        string[] options = [
            $"--gpu-architecture={target.Replace("sm_", "compute_", StringComparison.Ordinal)}", "--std=c++17", "--fmad=false",
            .. target == "sm_90a" ? (string[])["-DEM_SM90A=1"] : []
        ];
        var identity = string.Join('\0', [source, Version, $"{driverVersion}", .. options, .. headers.Select(h => h.Key + h.Value)]);
        var name = $"{file}.{target}.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..16]}.ptx";
        var cached = Path.Combine(NvrtcPlaces.Cache, name);
        if (File.Exists(cached))
            return new(cached, File.ReadAllText(cached));
        var ptx = Compile(file + ".cu", source, headers, options);
        Keep(cached, ptx);
        return new(name, ptx);
    }

    /// <summary>PTX of a source; the message of a failure holds the compiler's first errors.</summary>
    public string Compile(string name, string source, IReadOnlyDictionary<string, string> headers, IReadOnlyList<string> options)
    {
        using var texts = new NativeTexts();
        nint program;
        Check(
            _createProgram(
                &program, texts.Add(source), texts.Add(name), headers.Count, texts.AddAll(headers.Values), texts.AddAll(headers.Keys)),
            "nvrtcCreateProgram");
        try
        {
            var result = _compileProgram(program, options.Count, texts.AddAll(options));
            if (result != 0)
                throw new EmergenceException($"NVRTC {Version} ({_file}) cannot compile {name}: {FirstErrors(program)}");
            nuint size;
            Check(_ptxSize(program, &size), "nvrtcGetPTXSize");
            var ptx = new byte[(int)size];
            fixed (byte* at = ptx)
                Check(_ptx(program, at), "nvrtcGetPTX");
            return Encoding.UTF8.GetString(ptx.AsSpan().TrimEnd((byte)0));
        }
        finally
        {
            _ = _destroyProgram(&program);
        }
    }

    private static string SourceOf(string file) =>
        KernelImages.Resource(file + ".cu") ?? KernelImages.Resource($"sm90/{file}.cu") ?? throw new InvalidOperationException(
            $"no kernel file {file}");

    private string FirstErrors(nint program)
    {
        nuint size;
        Check(_logSize(program, &size), "nvrtcGetProgramLogSize");
        var log = new byte[(int)size];
        fixed (byte* at = log)
            Check(_log(program, at), "nvrtcGetProgramLog");
        var lines = Encoding.UTF8.GetString(log).TrimEnd('\0').Split(
            '\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return string.Join("; ", lines.Where(line => line.Contains("error", StringComparison.Ordinal)).Take(3));
    }

    /// <summary>A cache that cannot be written costs time, nothing else.</summary>
    private static void Keep(string path, string ptx)
    {
        try
        {
            Directory.CreateDirectory(NvrtcPlaces.Cache);
            var partial = $"{path}.{Guid.NewGuid():N}.partial";
            File.WriteAllText(partial, ptx);
            File.Move(partial, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private void Check(int result, string call)
    {
        if (result != 0)
            throw new EmergenceException($"NVRTC error {result} in {call} ({_file})");
    }

    /// <summary>Zero-terminated strings and arrays of them that live until the end of a compilation.</summary>
    private sealed class NativeTexts : IDisposable
    {
        private readonly List<nint> _memory = [];

        public byte* Add(string text)
        {
            _memory.Add(Marshal.StringToCoTaskMemUTF8(text));
            return (byte*)_memory[^1];
        }

        public byte** AddAll(IEnumerable<string> texts)
        {
            nint[] addresses = [.. texts.Select(text => (nint)Add(text))];
            var array = Marshal.AllocCoTaskMem(sizeof(nint) * Math.Max(1, addresses.Length));
            _memory.Add(array);
            addresses.CopyTo(new Span<nint>((void*)array, addresses.Length));
            return (byte**)array;
        }

        public void Dispose() => _memory.ForEach(Marshal.FreeCoTaskMem);
    }
}
