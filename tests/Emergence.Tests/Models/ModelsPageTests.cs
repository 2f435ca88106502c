using System.Text;
using Emergence.Models;

namespace Emergence.Tests.Models;

/// <summary>docs/models.md is made from the table of architectures; EMERGENCE_WRITE_PAGES=1 writes it.</summary>
public sealed class ModelsPageTests
{
    [Fact]
    public void The_page_is_of_this_table()
    {
        var path = Path.Combine(TestData.Repository, "docs", "models.md");
        var page = Page();
        if (Environment.GetEnvironmentVariable("EMERGENCE_WRITE_PAGES") == "1")
            File.WriteAllText(path, page);
        Assert.Equal(page.Split('\n'), File.ReadAllText(path).Split('\n'));
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # Models

            What is read as it lies on the disk: config.json in both spellings (of transformers 4 and 5), safetensors in one file or in shards, names with or without
            what wrappers put before them, the text part of models that see or hear (`text_config`, or the keys beside the towers'), checkpoints without a head.
            Absent keys have the default of the class in transformers. Made from the table of architectures by `ModelsPageTests`.

            | family | model_type | published | peculiar | checked against |
            |---|---|---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var row in ArchitectureTable.Rows.OrderBy(row => row.Family, StringComparer.Ordinal))
        {
            var checkedBy = GoldenModelTests.WithoutValues.Contains(row.Name) ? "its parts, in the families that share them"
                : "transformers: every boundary, micro rows, logits";
            page.Append($"| {row.Family} | `{row.Name}` | {row.Published} | {row.Peculiar} | {checkedBy} |\n");
        }

        return page.Append("""

            Rotations (`rope_type`, in `rope_parameters` or `rope_scaling`): default, linear, dynamic, yarn, longrope, llama3, proportional, mrope for text. With dynamic
            and longrope a prefix has other values in a longer sequence; sequences of different length then share no prefixes.

            Stored forms of the matrices (`quantization_config`): AWQ (gemm), GPTQ (2, 3, 4, 8 bits, act order, both versions), bitsandbytes (nf4, fp4, int8),
            fp8 with scales by block, row or matrix, MXFP4 (gpt-oss), compressed-tensors (fp8, int8, packed whole numbers, NVFP4, MXFP4). They stay packed in the
            host's memory and are unpacked into single precision while their block is used, on a GPU by its own kernel. Others are refused by their name.

            Where the published program and transformers differ, values are those of transformers: Falcon's ALiBi is added before the scores are scaled and once more
            behind, and MPT's slopes are those of alibi_bias_max 8 (a warning says so where the config says another).

            Recurrences (`mamba`, `linear_attention`, `conv` among the kinds of layers) run along the same paths of the forest of prefixes as attention; a token alone
            starts from the empty state. Steps of Nemotron H are cut off at time_step_min, those of the others at time_step_limit, as transformers does.

            Not read: GGUF, .bin and .pt files, LoRA adapters (the message says what to run), code that a folder brings along, encoders.
            """.ReplaceLineEndings("\n")).Append('\n').ToString();
    }
}
