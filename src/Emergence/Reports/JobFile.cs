using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Emergence.Reports;

/// <summary>
/// A file that a scheduler takes, which measures a run in shards: an array of Slurm or an Indexed Job of Kubernetes. It asks
/// for what the plan says and leaves the rest to who submits it.
/// </summary>
internal static class JobFile
{
    // Beside the plan's parts: the run time, code and what the measurement keeps on the host.
    private const long HostBytes = 1L << 30;

    /// <summary>How long before its time is up a task is told to end.</summary>
    private const int NoticeSeconds = 120;

    /// <summary>For sbatch; a part of it again by sbatch --array=3,7-9 FILE.</summary>
    /// <param name="command">Words of measure with --out and without a shard.</param>
    /// <param name="task">What each of them asks for.</param>
    public static string Slurm(IReadOnlyList<string> command, JobTask task) => $"""
        #!/bin/bash
        #SBATCH --job-name=emergence
        #SBATCH --array=1-{task.Shards}
        #SBATCH --requeue
        #SBATCH --open-mode=append
        #SBATCH --output=%x.%A.%a.log
        #SBATCH --ntasks=1
        #SBATCH --cpus-per-task={task.Threads}{(task.HasGpu ? "\n#SBATCH --gpus-per-task=1" : "")}
        #SBATCH --mem={MebiBytes(task.Memory)}M
        #SBATCH --time={Minutes(task.Seconds)}
        #SBATCH --signal=B:TERM@{NoticeSeconds}

        # The signal goes to this shell, which hears it only while it waits: so the measurement runs in the background.
        {string.Join(" ", command)} \
            --shard "$SLURM_ARRAY_TASK_ID/{task.Shards}" &
        measurement=$!
        trap 'kill -TERM "$measurement"' TERM
        wait "$measurement"
        code=$?
        trap - TERM

        # Above 128 the wait was ended by the signal, not yet the measurement.
        if [ "$code" -gt 128 ]; then
            wait "$measurement"
            code=$?
        fi

        # 143: told to end. What is done is on the disk, and the same task goes on from there.
        if [ "$code" -eq 143 ]; then
            scontrol requeue "$SLURM_ARRAY_JOB_ID"_"$SLURM_ARRAY_TASK_ID"
        fi
        exit "$code"

        """;

    /// <summary>For kubectl apply: the folder of the run lies in a volume that all pods mount.</summary>
    /// <param name="command">Words of measure with --out and without a shard.</param>
    /// <param name="task">What each pod asks for.</param>
    public static string Kubernetes(IReadOnlyList<string> command, JobTask task) => $"""
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: emergence
        spec:
          completionMode: Indexed
          completions: {task.Shards}
          parallelism: {task.Shards}
          # Nodes come and go; a pod that ended itself with a usage error (2) would do so again.
          backoffLimit: {10 * task.Shards}
          podFailurePolicy:
            rules:
              - action: FailJob
                onExitCodes:
                  containerName: measure
                  operator: In
                  values: [2]
              - action: Ignore
                onPodConditions:
                  - type: DisruptionTarget
                    status: "True"
          template:
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 30
              containers:
                - name: measure
                  image: emergence:latest
                  workingDir: /runs
                  args:
        {string.Join("\n", command.Skip(1).Append("--shard").Append("auto").Select(word => $"            - {Yaml(word)}"))}
                  env:
                    - name: JOB_COMPLETIONS
                      value: "{task.Shards}"
                  resources:
                    requests:
                      cpu: "{task.Threads}"
                      memory: {MebiBytes(task.Memory)}Mi
                    limits:
                      memory: {MebiBytes(task.Memory)}Mi{(task.HasGpu ? "\n              nvidia.com/gpu: \"1\"" : "")}
                  volumeMounts:
                    - name: runs
                      mountPath: /runs
              volumes:
                - name: runs
                  persistentVolumeClaim:
                    claimName: emergence-runs

        """;

    private static string MebiBytes(long bytes) => ((bytes + HostBytes) / (1 << 20) + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>Twice what is expected, and the notice: a task that ends early costs nothing, one that is cut off costs a start.</summary>
    private static string Minutes(double seconds) => Math.Max(10, Math.Ceiling((2 * seconds + NoticeSeconds) / 60))
        .ToString("0", CultureInfo.InvariantCulture);

    /// <summary>A scalar in double quotes, as JSON writes it: YAML reads that too, but for characters beyond 16 bits, which JSON escapes as
    /// two halves. These stand as they are.</summary>
    private static string Yaml(string word) => $"\"{string.Concat(word.EnumerateRunes().Select(rune => rune.IsBmp
        ? JsonEncodedText.Encode(rune.ToString(), JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString() : rune.ToString()))}\"";
}

/// <summary>What a shard asks a scheduler for.</summary>
/// <param name="Shards">How many there are.</param>
/// <param name="Threads">Processors of each.</param>
/// <param name="Memory">Bytes that it takes on the device.</param>
/// <param name="Seconds">What the slowest takes at most.</param>
/// <param name="HasGpu">Whether each needs a GPU of its own.</param>
internal sealed record JobTask(int Shards, int Threads, long Memory, double Seconds, bool HasGpu);
