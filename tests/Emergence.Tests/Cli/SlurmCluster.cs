using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Emergence.Tests.Cli;

/// <summary>
/// A real Slurm on this machine: virtual nodes of one processor, on loopback, without systemd, control groups and a database.
/// The calling test is skipped where its programs are not installed or may not be started.
/// </summary>
internal sealed class SlurmCluster : IDisposable
{
    private const int Nodes = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    // Unix sockets take 100 characters.
    private readonly string _folder = TestData.TemporaryFolder();

    /// <summary>Of the controller; the nodes have those after it. Other clusters, of other runs of the tests, have theirs.</summary>
    private readonly int _port = FreePorts(Nodes + 1);

    private SlurmCluster()
    {
    }

    private string Configuration => Path.Combine(_folder, "slurm.conf");

    public static SlurmCluster Start()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            Assert.Skip("a Slurm of its own needs Linux and root");
        if (!new[] { "slurmctld", "slurmd", "munged" }.All(name => File.Exists($"/usr/sbin/{name}")) || !File.Exists("/usr/bin/sbatch"))
            Assert.Skip("Slurm is not installed: slurmctld, slurmd, slurm-client and munge");
        var cluster = new SlurmCluster();
        try
        {
            cluster.Up();
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Submits a script and returns the number of its job.</summary>
    public string Submit(string folder, string script, params string[] options)
    {
        var file = Path.Combine(folder, "job.sbatch");
        File.WriteAllText(file, script);
        return Call("sbatch", ["--parsable", $"--chdir={folder}", .. options, file]).Trim();
    }

    public string Call(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SLURM_CONF"] = Configuration;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {error.Result}{output}");
    }

    /// <summary>States of the tasks of jobs that have ended, e.g. "COMPLETED".</summary>
    public IReadOnlyList<string> WaitFor(params string[] jobs)
    {
        Wait(() => Call("squeue", "--noheader", "--jobs", string.Join(',', jobs)).Trim().Length == 0, "the jobs did not end");
        return
        [
            .. jobs.SelectMany(job => Call("scontrol", "--oneliner", "show", "job", job).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                .Select(line => line.Split(' ')
                    .Single(word => word.StartsWith("JobState=", StringComparison.Ordinal))["JobState=".Length..]),
        ];
    }

    public string NodeOf(string task) => Call("squeue", "--noheader", "--jobs", task, "--format=%N").Trim();

    /// <summary>Ends the daemon of a node, not what runs there, and gives the node up for lost.</summary>
    public void Lose(string node)
    {
        using var daemon = Process.GetProcessById(int.Parse(File.ReadAllText(Path.Combine(_folder, $"slurmd.{node}.pid")),
            CultureInfo.InvariantCulture));
        daemon.Kill();
        Call("scontrol", "update", $"NodeName={node}", "State=DOWN", "Reason=test");
    }

    public static void Wait(Func<bool> condition, string complaint)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Patience, complaint);
            Thread.Sleep(200);
        }
    }

    public void Dispose()
    {
        // Jobs first: they outlive their daemons.
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                if (IsOfThisCluster(process.Id))
                    process.Kill();
            }
        }
    }

    /// <summary>The first of so many ports in a row that nobody listens at.</summary>
    private static int FreePorts(int count)
    {
        // Below the range from which systems hand out ports by themselves.
        for (var first = Random.Shared.Next(16_000, 30_000); ; first = Random.Shared.Next(16_000, 30_000))
        {
            if (Enumerable.Range(first, count).All(IsFree))
                return first;
        }

        static bool IsFree(int port)
        {
            using var listener = new TcpListener(IPAddress.Any, port);
            try
            {
                listener.Start();
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    private void Up()
    {
        foreach (var name in Enumerable.Range(1, Nodes).Select(node => $"spool/n{node}").Append("state").Append("log"))
            Directory.CreateDirectory(Path.Combine(_folder, name));
        File.SetUnixFileMode(_folder,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        var key = Path.Combine(_folder, "munge.key");
        File.WriteAllBytes(key, [.. Enumerable.Range(0, 128).Select(_ => (byte)Random.Shared.Next(256))]);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(Configuration, Settings());
        Call("munged", $"--key-file={key}", $"--socket={_folder}/munge.socket", $"--pid-file={_folder}/munged.pid",
            $"--log-file={_folder}/log/munged.log", $"--seed-file={_folder}/munged.seed", "--num-threads=2");
        Call("slurmctld", "-f", Configuration);
        for (var node = 1; node <= Nodes; node++)
            Call("slurmd", "-f", Configuration, "-N", $"n{node}");
        Wait(() => Call("sinfo", "--noheader", "--Node", "--states=idle", "--format=%N")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == Nodes, "the nodes did not come up");
    }

    private string Settings()
    {
        var host = Environment.MachineName.Split('.')[0];
        return string.Create(CultureInfo.InvariantCulture, $"""
            ClusterName=emergence
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={_port}
            SlurmUser=root
            SlurmdUser=root
            AuthType=auth/munge
            AuthInfo=socket={_folder}/munge.socket,cred_expire=5
            CredType=cred/munge
            StateSaveLocation={_folder}/state
            SlurmdSpoolDir={_folder}/spool/%n
            SlurmctldPidFile={_folder}/slurmctld.pid
            SlurmdPidFile={_folder}/slurmd.%n.pid
            SlurmctldLogFile={_folder}/log/slurmctld.log
            SlurmdLogFile={_folder}/log/%n.log
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            MpiDefault=none
            SwitchType=switch/none
            AccountingStorageType=accounting_storage/none
            JobCompType=jobcomp/none
            MinJobAge=3600
            SelectType=select/cons_tres
            SelectTypeParameters=CR_Core
            SlurmdParameters=config_overrides
            ReturnToService=2
            JobRequeue=1
            SlurmdTimeout=60
            SlurmctldTimeout=60
            KillWait=3
            SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
            NodeName=n[1-{Nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{_port + 1}-{_port + Nodes}] CPUs=1 State=UNKNOWN
            PartitionName=test Nodes=ALL Default=YES MaxTime=60 State=UP OverTimeLimit=0

            """);
    }

    /// <summary>Daemons name the folder on their command line, jobs in their environment.</summary>
    private bool IsOfThisCluster(int pid)
    {
        try
        {
            return pid != Environment.ProcessId
                && (File.ReadAllText($"/proc/{pid}/cmdline").Contains(_folder + "/", StringComparison.Ordinal)
                || File.ReadAllText($"/proc/{pid}/environ").Contains($"SLURM_CONF={Configuration}", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
