using Emergence.Tests.Models;

namespace Emergence.Tests.Checkpoints.Stored;

/// <summary>What is refused, in one line each.</summary>
public sealed class StoredMistakesTests
{
    private const string Gptq = """{"quant_method":"gptq","bits":4,"group_size":32}""";

    [Theory]
    [InlineData("ggml")]
    [InlineData("eetq")]
    [InlineData("hqq")]
    [InlineData("quanto")]
    [InlineData("bitnet")]
    [InlineData("torchao")]
    public void Other_methods_are_refused_by_their_name(string method)
    {
        var error = Forge.Message(() => StoredForge.Form($$"""{"quant_method":"{{method}}","bits":4}"""));
        Assert.StartsWith(
            $"config.json: quantization_config: quant_method '{method}' is not supported (awq, bitsandbytes, compressed-tensors, fp8, "
            + $"gptq, mxfp4 are); load", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"bits":4}""", "quant_method is missing")]
    [InlineData("""{"quant_method":"gptq","group_size":32}""", "quantization_config.bits is missing")]
    [InlineData("""{"quant_method":"gptq","bits":5,"group_size":32}""", "bits is 5, expected 2, 3, 4 or 8")]
    [InlineData("""{"quant_method":"gptq","bits":4}""", "group_size is missing")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":0}""", "group_size is 0, expected 1 or more, or -1")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":-2}""", "group_size is -2, expected a whole number from -1")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":32,"checkpoint_format":"marlin"}""",
        "'marlin' is not supported (gptq and gptq_v2 are)")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":32,"pack_dtype":"int16"}""", "pack_dtype 'int16'")]
    [InlineData("""{"quant_method":"awq","bits":3,"group_size":32}""", "bits is 3, expected 4 for awq")]
    [InlineData("""{"quant_method":"awq","bits":4,"group_size":32,"version":"gemv"}""", "version 'gemv' is not supported")]
    [InlineData("""{"quant_method":"awq","bits":4,"group_size":32,"zero_point":false}""", "zero_point is false")]
    [InlineData("""{"quant_method":"fp8","weight_block_size":[128]}""", "weight_block_size has 1 items")]
    [InlineData("""{"quant_method":"fp8","weight_block_size":[128,0]}""",
        "weight_block_size is [128,0], expected a list of whole numbers from 1")]
    [InlineData("""{"quant_method":"bitsandbytes"}""", "expected either load_in_4bit or load_in_8bit")]
    [InlineData("""{"quant_method":"bitsandbytes","load_in_4bit":true,"load_in_8bit":true}""",
        "expected either load_in_4bit or load_in_8bit")]
    [InlineData("""{"quant_method":"compressed-tensors","format":"pack-quantized"}""", "config_groups is missing")]
    [InlineData("""{"quant_method":"compressed-tensors","quantization_status":"calibration"}""",
        "quantization_status is 'calibration', expected \"compressed\", or \"frozen\" as older files say")]
    [InlineData(
        """{"quant_method":"compressed-tensors","format":"float-quantized","config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":8,"type":"float","strategy":"block","block_structure":"64by32"}}}}""",
        "block_structure is \"64by32\", expected rows and columns as [128,128] or \"128x128\"")]
    [InlineData(
        """{"quant_method":"compressed-tensors","format":"float-quantized","config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":8,"type":"float","strategy":"block"}}}}""",
        "strategy 'block' with group_size -1 is not supported")]
    [InlineData("""{"quant_method":"gptq","bits":7,"group_size":32}""", "bits is 7, expected 2, 3, 4 or 8")]
    [InlineData("""{"quant_method":"gptq","bits":"4","group_size":32}""", "bits is \"4\", expected a whole number from 1 to 32")]
    [InlineData("""{"quant_method":"awq","bits":8,"group_size":32}""", "bits is 8, expected 4 for awq")]
    [InlineData("""{"quant_method":"fp8","weight_block_size":"128x128"}""", "weight_block_size is \"128x128\", expected a list")]
    [InlineData("""{"quant_method":"compressed-tensors","config_groups":[]}""", "config_groups is [], expected an object")]
    [InlineData("""{"quant_method":"compressed-tensors","sparsity_config":{"format":"sparse-24-bitmask"}}""",
        "sparsity_config is not supported")]
    [InlineData("""{"quant_method":"compressed-tensors","transform_config":{"config_groups":{}}}""", "transform_config is not supported")]
    [InlineData(
        """{"quant_method":"compressed-tensors","format":"marlin-24","config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":4}}}}""", "format 'marlin-24' with int of 4 bits is not supported")]
    [InlineData(
        """{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"a":{"targets":["re:("],"weights":{"num_bits":4}}}}""", "'re:(', which is no pattern")]
    [InlineData(
        """{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"a":{"targets":["Linear"],"weights":{"num_bits":4,"strategy":"token"}}}}""", "strategy 'token'")]
    public void Wrong_settings_are_named(string settings, string message) =>
        Assert.Contains(message, Forge.Message(() => StoredForge.Form(settings)), StringComparison.Ordinal);

    [Fact]
    public void Tensors_of_wrong_types_and_sizes_are_named()
    {
        Assert.Equal("MODEL: m.qweight is I32 [7,16], expected I32 [8,16] for a layer of 64 inputs and 16 outputs", Layer()
            .Add("m.qweight", [7, 16], new int[7 * 16]).Error(Gptq, 16, 64));
        Assert.Equal("MODEL: m.qzeros is I32 [1,2], expected I32 [2,2] for a layer of 64 inputs and 16 outputs", Layer()
            .Add("m.qzeros", [1, 2], new int[2]).Error(Gptq, 16, 64));
        Assert.Equal("MODEL: m.scales is I32 [2,16], expected F32 or F16 or BF16 [2,16] for a layer of 64 inputs and 16 outputs", Layer()
            .Add("m.scales", [2, 16], new int[32]).Error(Gptq, 16, 64));
        Assert.Equal("MODEL: m.g_idx[3] is 2, expected 0 .. 1", Layer().Add("m.g_idx", [64], [0, 1, 1, 2, .. new int[60]])
            .Error(Gptq, 16, 64));
        Assert.Equal("MODEL: m.g_idx[0] is -1, expected 0 .. 1", Layer().Add("m.g_idx", [64], [-1, .. new int[63]]).Error(Gptq, 16, 64));
        Assert.Equal("MODEL: the checkpoint has no m.qzeros, expected I32 [2,2]", new StoredForge(1)
            .Add("m.qweight", [8, 16], new int[8 * 16]).Error(Gptq, 16, 64));
        Assert.Equal("MODEL/model.safetensors: m.scales: 1 infinite, first at [0,1]; --allow-nonfinite loads it all the same", Layer()
            .Add("m.scales", [2, 16], [1, float.PositiveInfinity, .. new float[30]]).Error(Gptq, 16, 64));
        Assert.Equal(
            "MODEL: m.weight_scale_inv is F32 [2,1], expected F32 or F16 or BF16 or F8_E8M0 [1,1] or [1] or [] for a layer of 64 inputs "
                + "and 16 outputs",
            new StoredForge(1).Add("m.weight", "F8_E4M3", [16, 64], new byte[16 * 64]).Add("m.weight_scale_inv", [2, 1], [1f, 1f])
                .Error("""{"quant_method":"fp8","weight_block_size":[128,128]}""", 16, 64));
        Assert.Equal(
            "MODEL/model.safetensors: m.weight: 1 NaN, first at [0,2]; --allow-nonfinite loads it all the same",
            new StoredForge(1).Add("m.weight", "F8_E4M3", [1, 4], [1, 2, 0x7F, 3]).Add("m.weight_scale", [], [1f])
                .Error("""{"quant_method":"fp8"}""", 1, 4));
        Assert.Equal(
            "MODEL: m is stored packed, but no group of quantization_config.config_groups has it among its targets",
            new StoredForge(1).Add("m.weight_packed", [1, 1], new int[1])
                .Error(
                """{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"a":{"targets":["re:.*attn"],"weights":{"num_bits":4}}}}""", 1, 8));
        Assert.Equal(
            "MODEL: m.weight.quant_state.bitsandbytes__nf4 says shape [8,2], expected [2,8]",
            FourBits("""{"blocksize":64,"shape":[8,2]}""").Error("""{"load_in_4bit":true}""", 2, 8));
        Assert.StartsWith(
            "MODEL: m.weight.quant_state.bitsandbytes__nf4 is not the state of a 4-bit matrix: ",
            FourBits("""{"blocksize":64,"shape":[2,8]""").Error("""{"load_in_4bit":true}""", 2, 8), StringComparison.Ordinal);
        Assert.Contains("blocksize 0", FourBits("""{"blocksize":0,"shape":[2,8]}""")
            .Error("""{"load_in_4bit":true}""", 2, 8), StringComparison.Ordinal);
    }

    /// <summary>Weights of a form that the config does not name, and the other way round, are not guessed.</summary>
    [Fact]
    public void A_config_that_does_not_fit_the_files_is_refused()
    {
        var plain = new ForgedModel("llama-gqa-rope3").WithValue("quantization_config", Gptq);
        Assert.Equal(new ForgedModel("llama-gqa-rope3").Logits(), plain.Logits());
        var lost = new ForgedModel("llama-gqa-rope3").WithValue("quantization_config", Gptq).Drop("model.layers.0.mlp.up_proj.weight");
        Assert.StartsWith("MODEL: config.json: num_hidden_layers=3, but the checkpoint has no model.layers.0.mlp.up_proj.weight",
            lost.LoadError(), StringComparison.Ordinal);
        Assert.Contains("quant_method 'hqq' is not supported", new ForgedModel("llama-gqa-rope3")
            .WithValue("quantization_config", """{"quant_method":"hqq"}""").LoadError(), StringComparison.Ordinal);
    }

    private static StoredForge Layer() => new StoredForge(1).Add("m.qweight", [8, 16], new int[8 * 16]).Add("m.qzeros", [2, 2], new int[4])
        .AddHalves("m.scales", [2, 16], new float[32]);

    private static StoredForge FourBits(string state)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(state);
        return new StoredForge(1).Add("m.weight", "U8", [8, 1], new byte[8])
            .Add("m.weight.quant_state.bitsandbytes__nf4", "U8", [bytes.Length], bytes);
    }
}
