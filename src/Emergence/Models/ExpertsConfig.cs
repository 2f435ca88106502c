using Emergence.Checkpoints;
using Emergence.Devices;

namespace Emergence.Models;

/// <summary>How config.json speaks of experts.</summary>
internal static class ExpertsConfig
{
    private const int MaximumExperts = 1 << 12;
    private const int MaximumWidth = 1 << 20;

    /// <summary>Number of experts by one of two keys, how many a row passes, their width; activation as that of the dense layers.</summary>
    public static ExpertsPart ReadExperts(
        this ModelShape shape, ConfigReader config, RouterShape router, string count = "num_experts", string chosen = "num_experts_per_tok",
            string width = "moe_intermediate_size") =>
        ReadExperts(config, router, shape.Blocks[0].Inner!.Activation, count, chosen, width);

    /// <summary>Number of experts by one of two keys, how many a row passes, their width.</summary>
    public static ExpertsPart ReadExperts(
        ConfigReader config, RouterShape router, Activation activation, string count, string chosen = "num_experts_per_tok",
            string width = "moe_intermediate_size")
    {
        count = config.Spelled(count, "num_local_experts");
        var experts = config.Whole(count, 1, MaximumExperts);
        var passed = config.Whole(chosen, 1, MaximumExperts);
        if (passed > experts)
            throw ConfigReader.Error($"{chosen} is {passed}, expected 1 .. {experts}, as {count} says");
        return new()
        {
            Count = experts,
            Chosen = passed,
            Width = config.Whole(width, 1, MaximumWidth),
            Activation = activation,
            Router = router,
        };
    }

    /// <summary>The router of DeepSeek and its kin: groups of experts, of which only the best may be chosen from.</summary>
    public static RouterShape WithGroups(this RouterShape router, ConfigReader config, string count, int groupScores)
    {
        var groups = config.WholeOrNull("n_group", 1, MaximumExperts) ?? 1;
        var chosen = config.WholeOrNull("topk_group", 1, MaximumExperts) ?? groups;
        var experts = config.Whole(count, 1, MaximumExperts);
        if (experts % groups != 0)
            throw ConfigReader.Error($"{count}={experts} is not a multiple of n_group={groups}");
        if (chosen > groups)
            throw ConfigReader.Error($"topk_group is {chosen}, expected 1 .. {groups}, as n_group says");
        if (groups > 1 && experts / groups < groupScores)
            throw ConfigReader.Error(
                $"n_group={groups} leaves {experts / groups} of {count}={experts} in a group, expected {groupScores} or more");
        var passed = config.Whole("num_experts_per_tok", 1, MaximumExperts);
        if (passed > experts / groups * chosen)
            throw ConfigReader.Error(
                $"num_experts_per_tok is {passed}, expected at most {experts / groups * chosen}: the experts of topk_group={chosen} "
                + $"groups");
        return router with { Groups = groups, ChosenGroups = chosen, GroupScores = groupScores };
    }

    /// <summary>A shared expert as wide as so many others.</summary>
    public static ExpertsPart WithShared(this ExpertsPart part, ConfigReader config, string key) =>
        part with { SharedWidth = part.Width * (config.WholeOrNull(key, 0, 64) ?? 0) };

    public static ModelShape WithExperts(this ModelShape shape, ExpertsPart part, Func<int, bool>? has = null) =>
        shape.WithBlocks((layer, block) => has == null || has(layer) ? block with { Experts = part } : block);

    /// <summary>Qwen's choice of layers: every so many, but for those that are listed.</summary>
    public static Func<int, bool> SparseLayers(ConfigReader config)
    {
        var step = config.WholeOrNull("decoder_sparse_step", 1, int.MaxValue) ?? 1;
        var dense = config.Wholes("mlp_only_layers", 0, int.MaxValue) ?? [];
        return layer => !dense.Contains(layer) && (layer + 1) % step == 0;
    }

    /// <summary>Layers before this number have no experts.</summary>
    public static Func<int, bool> AfterDense(ConfigReader config)
    {
        var first = config.WholeOrNull("first_k_dense_replace", 0, int.MaxValue) ?? 0;
        return layer => layer >= first;
    }
}
