using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Emergence.Tests.Reports;

/// <summary>
/// An installed Chromium without a window, led through its DevTools protocol; no driver is needed. The calling test is skipped where there
/// is none.
/// </summary>
internal sealed class Chromium : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private string? _session;
    private int _last;

    private Chromium(Process process) => _process = process;

    /// <summary>What the page said on its console and what went wrong in it.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Addresses that were asked for.</summary>
    public List<string> Requests { get; } = [];

    public static Chromium Start()
    {
        var program = s_names.SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (program == null)
            Assert.Skip($"no browser is installed: {string.Join(", ", s_names)}");
        var profile = TestData.TemporaryFolder();
        string[] arguments =
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0", $"--user-data-dir={profile}",
                "about:blank",
        ];
        var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        })!;
        var browser = new Chromium(process);
        try
        {
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            browser.Connect(Path.Combine(profile, "DevToolsActivePort"));
            return browser;
        }
        catch
        {
            browser.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file and waits until it is there.</summary>
    public void Open(string file, int width, int height, bool dark = false, bool scripts = true)
    {
        Complaints.Clear();
        Requests.Clear();
        Call("Emulation.setDeviceMetricsOverride",
            new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });
        Call("Emulation.setEmulatedMedia", new JsonObject
        {
            ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }),
        });
        Call("Emulation.setScriptExecutionDisabled", new JsonObject { ["value"] = !scripts });
        Call("Page.navigate", new JsonObject { ["url"] = new Uri(file).AbsoluteUri });
        Wait(message => (string?)message["method"] == "Page.loadEventFired");
    }

    /// <summary>The value of an expression in the page, as JSON.</summary>
    public JsonNode? Evaluate(string expression)
    {
        var result = Call("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true });
        return result["exceptionDetails"] is { } error
            ? throw new InvalidOperationException($"{expression}: {error.ToJsonString()}") : result["result"]!["value"];
    }

    /// <summary>A key that goes to what has the focus.</summary>
    public void Press(string key, int code)
    {
        foreach (var type in new[] { "keyDown", "keyUp" })
            Call("Input.dispatchKeyEvent", new JsonObject
            {
                ["type"] = type, ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code,
            });
    }

    public byte[] Screenshot() => Convert.FromBase64String((string)Call("Page.captureScreenshot", [])["data"]!);

    public void Dispose()
    {
        _socket.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Connect(string portFile)
    {
        var watch = Stopwatch.StartNew();
        string[] lines;
        while (!File.Exists(portFile) || (lines = File.ReadAllLines(portFile)).Length < 2)
        {
            if (_process.HasExited || watch.Elapsed > Patience)
                throw new InvalidOperationException(
                    $"the browser did not open its port{(_process.HasExited ? $": {_process.ExitCode}" : "")}");
            Thread.Sleep(50);
        }

        using var patience = new CancellationTokenSource(Patience);
        _socket.ConnectAsync(new Uri($"ws://127.0.0.1:{lines[0]}{lines[1]}"), patience.Token).GetAwaiter().GetResult();
        var target = Call("Target.createTarget", new JsonObject { ["url"] = "about:blank" })["targetId"]!.DeepClone();
        _session = (string)Call("Target.attachToTarget", new JsonObject { ["targetId"] = target, ["flatten"] = true })["sessionId"]!;
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" })
            Call($"{domain}.enable", []);
    }

    private JsonNode Call(string method, JsonObject parameters)
    {
        var id = ++_last;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (_session != null)
            message["sessionId"] = _session;
        using var patience = new CancellationTokenSource(Patience);
        _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, patience.Token).GetAwaiter()
            .GetResult();
        var answer = Wait(reply => (int?)reply["id"] == id);
        return answer["error"] is { } error ? throw new InvalidOperationException($"{method}: {error.ToJsonString()}") : answer["result"]!;
    }

    /// <summary>Reads messages, and what they say of the page, up to the one that is waited for.</summary>
    private JsonNode Wait(Func<JsonNode, bool> isIt)
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[1 << 16];
        while (true)
        {
            using var whole = new MemoryStream();
            WebSocketReceiveResult part;
            do
            {
                part = _socket.ReceiveAsync(buffer, patience.Token).GetAwaiter().GetResult();
                whole.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            var message = JsonNode.Parse(whole.ToArray())!;
            switch ((string?)message["method"])
            {
                case "Runtime.exceptionThrown" or "Runtime.consoleAPICalled" or "Log.entryAdded":
                    Complaints.Add(message["params"]!.ToJsonString());
                    break;
                case "Network.requestWillBeSent":
                    Requests.Add((string)message["params"]!["request"]!["url"]!);
                    break;
            }

            if (isIt(message))
                return message;
        }
    }
}
