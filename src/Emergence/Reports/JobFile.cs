using System.Globalization;

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
    /// <param name="shards">N.</param>
    /// <param name="threads">Processors of a task.</param>
    /// <param name="memory">What it takes on the device.</param>
    /// <param name="seconds">What it takes at most.</param>
    public static string Slurm(IReadOnlyList<string> command, int shards, int threads, long memory, double seconds) => $"""
        #!/bin/bash
        #SBATCH --job-name=emergence
        #SBATCH --array=1-{shards}
        #SBATCH --requeue
        #SBATCH --open-mode=append
        #SBATCH --output=%x.%A.%a.log
        #SBATCH --cpus-per-task={threads}
        #SBATCH --mem={MebiBytes(memory)}M
        #SBATCH --time={Minutes(seconds)}
        #SBATCH --signal=B:TERM@{NoticeSeconds}

        # The signal goes to this shell, which hears it only while it waits: so the measurement runs in the background.
        {string.Join(" ", command)} \
            --shard "$SLURM_ARRAY_TASK_ID/{shards}" &
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
    public static string Kubernetes(IReadOnlyList<string> command, int shards, int threads, long memory) => $"""
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: emergence
        spec:
          completionMode: Indexed
          completions: {shards}
          parallelism: {shards}
          # Nodes come and go; a pod that ended itself with a usage error (2) would do so again.
          backoffLimit: {10 * shards}
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
                      value: "{shards}"
                  resources:
                    requests:
                      cpu: "{threads}"
                      memory: {MebiBytes(memory)}Mi
                    limits:
                      memory: {MebiBytes(memory)}Mi
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

    /// <summary>A scalar in double quotes, as JSON writes it: YAML reads that too.</summary>
    private static string Yaml(string word) => $"\"{System.Text.Json.JsonEncodedText.Encode(word)}\"";
}
