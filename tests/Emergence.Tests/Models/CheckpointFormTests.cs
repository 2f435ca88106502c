using System.Runtime.InteropServices;
using System.Text;
using Emergence.Capture;
using Emergence.Devices.Reference;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>Checkpoints as people have them: wrapped, nested, without a head, saved by other programs.</summary>
public sealed class CheckpointFormTests
{
    private const string Llama = "llama-gqa-rope3";

    [Theory]
    [InlineData("_orig_mod.", "_orig_mod.")]
    [InlineData("language_model.", "language_model.")]
    [InlineData("model.language_model.", "")]
    [InlineData("model.text_model.", "")]
    [InlineData("model.language_model.", "model.")]
    [InlineData("", "")]
    public void Wrappers_before_the_names_change_nothing(string before, string beforeHead)
    {
        var plain = new ForgedModel(Llama).Copy("model.embed_tokens.weight", "lm_head.weight", bytes => bytes[5] ^= 1)
            .Set("tie_word_embeddings", false);
        var expected = plain.Logits();
        var wrapped = plain.Rename(name => name == "lm_head.weight" ? $"{beforeHead}{name}" : before.StartsWith(
            "model.", StringComparison.Ordinal) || before.Length == 0 ? before + name["model.".Length..] : before + name);
        Assert.Equal(expected, wrapped.Logits());
    }

    [Fact]
    public void Without_a_head_only_scores_are_refused()
    {
        var forged = new ForgedModel(Llama).Set("tie_word_embeddings", false).Add("score.weight", "F32", 2, 64);
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(forged.Write(), device);
        Assert.False(model.HasHead);
        Assert.Equal(["score.weight"], model.IgnoredWeights);
        CaptureFile.Write(model, [[1, 2, 3]], CaptureKind.Macro, logits: false, Path.Combine(TestData.TemporaryFolder(), "c.safetensors"));
        var expected = "the checkpoint has no lm_head.weight, which scores of the next token need; boundaries need none";
        Assert.EndsWith(expected, Assert.Throws<EmergenceException>(() => model.NextTokenLogits([1, 2])).Message, StringComparison.Ordinal);
        var path = Path.Combine(TestData.TemporaryFolder(), "d.safetensors");
        Assert.EndsWith(expected, Assert.Throws<EmergenceException>(() =>
            CaptureFile.Write(model, [[1]], CaptureKind.Macro, logits: true, path)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Nested_configs_say_what_is_passed_over_and_need_few_keys()
    {
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(FamilyTests.Folder("nested-mistral3"), device);
        Assert.Contains(model.Warnings, warning => warning.StartsWith("only the language model is run (mistral); ",
            StringComparison.Ordinal) && warning.EndsWith("multi_modal_projector, vision_tower", StringComparison.Ordinal));

        // As google/gemma-3-4b-it is published: what the class says is not repeated.
        var folder = TestData.TemporaryFolder();
        File.WriteAllText(Path.Combine(folder, "config.json"), """
            { "model_type": "gemma3", "text_config": { "hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
              "rope_scaling": { "factor": 8.0, "rope_type": "linear" }, "sliding_window": 1024 }, "vision_config": { "hidden_size": 1152 } }
            """);
        var config = ModelConfig.Read(folder);
        var (local, full) = (config.Shape.Blocks[0].Attention!, config.Shape.Blocks[5].Attention!);
        Assert.Equal((34, 2560, 262208, 8, 4, 256),
            (config.Layers, config.Width, config.VocabularySize, local.Heads, local.KeyHeads, local.HeadSize));
        Assert.Equal((1024, 10000.0, null), (local.Window, local.Rotary!.Base, local.Rotary.Scaling));
        Assert.Equal((0, 1e6, new LinearScaling(8)), (full.Window, full.Rotary!.Base, full.Rotary.Scaling));
        Assert.Equal(HeadWeights.Tied, config.Shape.Head);
    }

    /// <summary>The keys beside the towers' own, as older files have them.</summary>
    [Fact]
    public void Flat_configs_of_models_that_see_are_read()
    {
        var folder = WrongConfigTests.Changed(FamilyTests.Folder("rope-yarn"), "model_type", "\"qwen2_5_vl\"");
        var config = ModelConfig.Read(WrongConfigTests.Changed(folder, "rope_parameters",
            """{ "type": "mrope", "mrope_section": [2, 2, 2], "rope_theta": 1000000.0 }"""));
        Assert.Equal(("qwen2_5_vl_text", true), (config.ModelType, config.IsNested));
        Assert.Null(config.Shape.Blocks[0].Attention!.Rotary!.Scaling);
        Assert.Empty(config.UnknownKeys);
    }

    [Fact]
    public void A_byte_order_mark_and_numbers_of_python_are_read()
    {
        var forged = new ForgedModel("gpt2");
        var folder = forged.Write();
        var text = forged.Config.ToJsonString()[..^1]
            + """, "mystery": NaN, "another": [-Infinity, Infinity], "text": "a NaN \" Infinity" }""";
        File.WriteAllText(Path.Combine(folder, "config.json"), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(["another", "mystery", "text"], ModelConfig.Read(folder).UnknownKeys);
        var wrong = forged.Config.ToJsonString().Replace("\"n_layer\":3", "\"n_layer\":NaN", StringComparison.Ordinal);
        Assert.Equal("config.json: n_layer is {\"__float__\":\"NaN\"}, expected a whole number from 1 to 1024", new ForgedModel("gpt2")
            .WithRawConfig(wrong).LoadError());
    }

    [Fact]
    public void Other_forms_of_a_model_are_named_with_what_to_run()
    {
        Assert.StartsWith("this is a LoRA adapter (adapter_config.json), not a model: merge it into its base model",
            Refusal("adapter_config.json", "adapter_model.safetensors"), StringComparison.Ordinal);
        Assert.Contains("gguf_file='tiny.gguf'", Refusal("tiny.gguf"), StringComparison.Ordinal);
        Assert.Contains(
            "python3 -c \"from transformers import AutoModelForCausalLM as M; M.from_pretrained('FOLDER').save_pretrained('OUT')\"",
            Refusal("pytorch_model.bin"), StringComparison.Ordinal);
        Assert.EndsWith("config.json: no such file",
            Assert.Throws<EmergenceException>(() => ModelConfig.Read(TestData.TemporaryFolder())).Message, StringComparison.Ordinal);

        static string Refusal(params string[] files)
        {
            var folder = TestData.TemporaryFolder();
            foreach (var file in files)
                File.WriteAllText(Path.Combine(folder, file), "{}");
            return Assert.Throws<EmergenceException>(() => ModelConfig.Read(folder)).Message[(folder.Length + 2)..];
        }
    }

    /// <summary>Saved again by newer programs, files have the older key too.</summary>
    [Fact]
    public void Both_spellings_of_the_part_that_turns_must_agree()
    {
        var folder = WrongConfigTests.Changed(TestData.Large("golden/models/gpt-neox"), "partial_rotary_factor", "0.5");
        var pct = ModelConfig.Read(TestData.Large("golden/models/gpt-neox")).Shape.Blocks[0].Attention!.Rotary!.Columns;
        var same = WrongConfigTests.Changed(WrongConfigTests.Changed(folder, "rotary_pct", "0.5"), "rope_theta", "10000");
        Assert.Equal(2 * pct, ModelConfig.Read(same).Shape.Blocks[0].Attention!.Rotary!.Columns);
        var differs = WrongConfigTests.Changed(folder, "rotary_pct", "0.25");
        Assert.Equal("config.json: rotary_pct is 0.25, expected 0.5 as partial_rotary_factor says",
            Assert.Throws<EmergenceException>(() => ModelConfig.Read(differs)).Message);
    }

    /// <summary>What a prefix is then depends on how long its sequence will be: nothing is shared, and each is as if it ran
    /// alone.</summary>
    [Theory]
    [InlineData("rope-dynamic")]
    [InlineData("rope-longrope-long")]
    public void Sequences_of_other_lengths_do_not_share_prefixes(string name)
    {
        using var device = new ReferenceDevice();
        using var model = LanguageModel.Load(FamilyTests.Folder(name), device);
        int[][] sequences = [[5, 9, 7, 3, 8, 11, 2, 40, 41, 42, 43], [5, 9, 7, 3, 8, 11, 2, 40, 41, 42], [5, 9, 7], [5, 9, 7, 4]];
        Assert.True(model.Config.DependsOnLength);
        Assert.Throws<ArgumentException>(() => new BoundaryStream(model, PrefixForest.Macro(sequences)));
        using var together = GoldenModelTests.Captured(model, sequences, CaptureKind.Macro, logits: false);
        for (var n = 0; n < sequences.Length; n++)
        {
            using var alone = GoldenModelTests.Captured(model, [sequences[n]], CaptureKind.Macro, logits: false);
            Assert.Equal(alone.ReadSingles($"boundary.{model.Layers}"), together.ReadSingles($"{n}.boundary.{model.Layers}"));
        }

        var forest = PrefixForest.Macro(sequences, model.Config);
        Assert.NotEqual(forest.Rows(0)[0], forest.Rows(2)[0]);
        Assert.Equal(forest.Rows(2)[0], forest.Rows(3)[0]);
    }

    /// <summary>Behind a norm whose weights carry all over the limit only signs are left, whatever the weights; without a limit they
    /// count.</summary>
    [Fact]
    public void Projections_are_cut_off_behind_their_norms()
    {
        Assert.Equal(Logits(1e6f, 0.5), Logits(2e6f, 0.5));
        Assert.NotEqual(Logits(1, null), Logits(2, null));

        static float[] Logits(float weight, double? clip)
        {
            var forged = ForgedModel.Of(FamilyTests.Folder("olmoe")).Set("clip_qkv", clip);
            foreach (var name in forged.Names.Where(name => name.EndsWith("q_norm.weight", StringComparison.Ordinal)).ToArray())
                forged.Copy(name, name, bytes => MemoryMarshal.Cast<byte, float>(bytes.AsSpan()).Fill(weight));
            using var device = new ReferenceDevice();
            using var model = LanguageModel.Load(forged.Write(), device);
            return model.NextTokenLogits([5, 100, 7, 64]);
        }
    }

    /// <summary>Pair 20 of 64: the ramp runs from 11.31 to 35.39 where it is not cut to whole pairs.</summary>
    [Theory]
    [InlineData(true, 0.73)]
    [InlineData(false, 0.729417)]
    public void The_ramp_of_yarn_by_hand(bool truncates, double expected)
    {
        var yarn = new YarnScaling(4, 1024, 32, 1, truncates, 1, 0);
        Assert.Equal(expected, yarn.Frequency(20, 128, 10000, 0) / RotaryScaling.Plain(20, 128, 10000), 5e-6);
    }

    /// <summary>The slopes of a number of heads that is no power of two, by hand from the published rules.</summary>
    [Fact]
    public void Slopes_by_hand()
    {
        Assert.Equal([1 / 4.0, 1 / 16.0, 1 / 64.0, 1 / 256.0, 1 / 2.0, 1 / 8.0], [.. new SlopeShape(6).Table(2)[6..]]);
        Assert.Equal([1 / 4.0, 1 / 16.0, 1 / 64.0, 1 / 256.0, 1 / 2.0, 1 / 8.0], [.. new SlopeShape(6, Interleaved: true).Table(2)[6..]]);
        Assert.Equal([1 / 4.0, 1 / 16.0, 1 / 2.0], [.. new SlopeShape(3, 4, Interleaved: true).Table(2)[3..]]);

        // 2^-0.5 is 0.70703125 in bfloat16; three times that is 2.12109375, which lies between 2.109375 and 2.125, nearer to the latter.
        var table = new SlopeShape(16, RoundsToBFloat16: true).Table(4);
        Assert.Equal(0.70703125, table[16]);
        Assert.Equal(2.125, table[48]);
    }
}
