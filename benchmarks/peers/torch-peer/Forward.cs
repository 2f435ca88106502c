using TorchSharp;
using static TorchSharp.torch;

/// <summary>
/// GPT-2-small's shape with random weights over 8 x 128 tokens: the residual stream at all 13 boundaries is kept, no LM head.
/// </summary>
internal sealed class Forward
{
    private const int Sequences = 8, Tokens = 128, Layers = 12, Width = 768, Heads = 12, Vocabulary = 1024, Rows = Sequences * Tokens;
    private readonly Tensor _embedding = Random(Vocabulary, Width), _positions = Random(1024, Width);
    private readonly Tensor _mask = full(Tokens, Tokens, float.NegativeInfinity).triu(1);
    private readonly Tensor _ids = randint(0, Vocabulary, new Size([Sequences, Tokens]), dtype: int64);
    private readonly Block[] _blocks = [.. Enumerable.Range(0, Layers).Select(_ => new Block())];

    public void Run()
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var x = (_embedding[_ids] + _positions[TensorIndex.Slice(0, Tokens)]).view(Rows, Width);
        var boundaries = new List<Tensor> { x };
        foreach (var block in _blocks)
        {
            x = block.Run(x, _mask);
            boundaries.Add(x);
        }
    }

    private static Tensor Random(params long[] sizes) => 0.02 * randn(sizes);

    private sealed class Block
    {
        private readonly Tensor _ones = ones(Width), _zeros = zeros(Width);
        private readonly Tensor _qkv = Random(Width, 3 * Width), _qkvBias = Random(3 * Width);
        private readonly Tensor _out = Random(Width, Width), _outBias = Random(Width);
        private readonly Tensor _up = Random(Width, 4 * Width), _upBias = Random(4 * Width);
        private readonly Tensor _down = Random(4 * Width, Width), _downBias = Random(Width);

        public Tensor Run(Tensor x, Tensor mask)
        {
            var parts = Product(_qkvBias, Norm(x), _qkv).split(Width, 1)
                .Select(part => part.view(Sequences, Tokens, Heads, Width / Heads).transpose(1, 2)).ToArray();
            var scores = matmul(parts[0], parts[1].transpose(2, 3)) * Math.Pow(Width / Heads, -0.5) + mask;
            var mixed = matmul(softmax(scores, -1), parts[2]).transpose(1, 2).reshape(Rows, Width);
            x = x + Product(_outBias, mixed, _out);
            return x + Product(_downBias, Gelu(Product(_upBias, Norm(x), _up)), _down);
        }

        private static Tensor Product(Tensor bias, Tensor left, Tensor right) => addmm(bias, left, right, 1, 1);

        private Tensor Norm(Tensor x) => nn.functional.layer_norm(x, [Width], _ones, _zeros);

        private static Tensor Gelu(Tensor x) => nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh);
    }
}
