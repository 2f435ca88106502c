using Emergence.Messages;

namespace Emergence.Tokenizers;

/// <summary>What a piece of a SentencePiece vocabulary is for; numbers as in the file.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>
/// Reads tokenizer.model, a ModelProto of sentencepiece_model.proto: pieces (field 1), trainer settings (2),
/// normalizer settings (3), and denormalizer settings (5). Defaults are those of that file.
/// </summary>
internal sealed class SentencePieceFile
{
    private const int Unigram = 1, BytePairs = 2;
    private const string Space = "\u2581";

    private readonly TokenizerFile _file;
    private readonly Vocabulary _vocabulary;
    private readonly List<PieceType> _types = [];
    private readonly List<float> _scores = [];
    private int _modelType = Unigram;
    private bool _byteFallback;
    private bool _spaceAsSuffix;
    private string _begin = "<s>";
    private string _end = "</s>";
    private bool _dummyPrefix = true;
    private bool _removeExtraSpaces = true;
    private bool _escapeSpaces = true;

    private SentencePieceFile(TokenizerFile file)
    {
        _file = file;
        _vocabulary = new(file);
    }

    public static TokenizerParts Read(TokenizerFile file, TokenizerSettings settings)
    {
        var model = new SentencePieceFile(file);
        for (var fields = new ProtobufFields(file, file.Bytes); fields.Read();)
        {
            switch (fields.Field)
            {
                case 1:
                    model.ReadPiece(fields.Message());
                    break;
                case 2:
                    model.ReadTrainer(fields.Message());
                    break;
                case 3:
                    model.ReadNormalizer(fields.Message());
                    break;
                case 5:
                    model.RefuseCharacterMap(fields.Message(), out _);
                    break;
            }
        }

        return model.Assemble(settings);
    }

    private void ReadPiece(ReadOnlySpan<byte> message)
    {
        var (text, score, type) = ("", 0f, (int)PieceType.Normal);
        for (var fields = new ProtobufFields(_file, message); fields.Read();)
        {
            switch (fields.Field)
            {
                case 1:
                    text = fields.Text();
                    break;
                case 2:
                    score = fields.Single();
                    break;
                case 3:
                    type = fields.Choice();
                    break;
            }
        }

        var id = _types.Count;
        if (id == Vocabulary.MaximumEntries)
            throw _file.Error($"has more than {Vocabulary.MaximumEntries} pieces");
        if (text.Length == 0 || float.IsNaN(score))
            throw _file.Error($"piece {id} must have a text and a score, found {Printable.Quote(text)} and {score}");
        if (type is < (int)PieceType.Normal or > (int)PieceType.Byte or (int)PieceType.Unused)
            throw _file.Error($"piece {id}, {Printable.Quote(text)}, is of type {type}, which is not supported");
        _vocabulary.Add(text, id);
        _types.Add((PieceType)type);
        _scores.Add(score);
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        for (var fields = new ProtobufFields(_file, message); fields.Read();)
        {
            switch (fields.Field)
            {
                case 3:
                    _modelType = fields.Choice();
                    break;
                case 24:
                    _spaceAsSuffix = fields.Flag();
                    break;
                case 35:
                    _byteFallback = fields.Flag();
                    break;
                case 46:
                    _begin = fields.Text();
                    break;
                case 47:
                    _end = fields.Text();
                    break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        RefuseCharacterMap(message, out var name);
        for (var fields = new ProtobufFields(_file, message); fields.Read();)
        {
            switch (fields.Field)
            {
                case 3:
                    _dummyPrefix = fields.Flag();
                    break;
                case 4:
                    _removeExtraSpaces = fields.Flag();
                    break;
                case 5:
                    _escapeSpaces = fields.Flag();
                    break;
            }
        }

        if (!_escapeSpaces)
            throw _file.Error($"normalizer {Printable.Quote(name)} leaves spaces as they are (escape_whitespaces), which is not supported");
    }

    /// <summary>Of the character maps only the empty one, which changes nothing, is supported.</summary>
    private void RefuseCharacterMap(ReadOnlySpan<byte> message, out string name)
    {
        name = "";
        var mapped = false;
        for (var fields = new ProtobufFields(_file, message); fields.Read();)
        {
            if (fields.Field == 1)
                name = fields.Text();
            else if (fields.Field == 2)
                mapped = !fields.Message().IsEmpty;
        }

        if (mapped)
            throw _file.Error($"the precompiled character map of normalizer {Printable.Quote(name)} is not supported, only 'identity' is");
    }

    private TokenizerParts Assemble(TokenizerSettings settings)
    {
        if (_types.Count == 0)
            throw _file.Error("not a SentencePiece model: it has no pieces; fetch the file again");
        if (_modelType != BytePairs)
            throw _file.Error($"a SentencePiece model of type {(_modelType == Unigram ? "Unigram" : _modelType)} is not supported, only BPE is");
        var unknown = _types.IndexOf(PieceType.Unknown);
        if (unknown < 0 || _types.LastIndexOf(PieceType.Unknown) != unknown)
            throw _file.Error($"must have one piece for unknown characters, found {_types.Count(type => type == PieceType.Unknown)}");
        var model = new SentencePieceModel(_file, _vocabulary, _types, _scores, unknown, _byteFallback);
        var begin = Control(_begin);
        List<Func<List<string>, List<string>>> decoder =
        [
            tokens => tokens.ConvertAll(token => token.Replace(Space, " ", StringComparison.Ordinal)),
            Decoders.ByteFallback,
            tokens => [string.Concat(tokens)],
        ];
        if (_dummyPrefix || _removeExtraSpaces)
            decoder.Add(_spaceAsSuffix ? Decoders.Strip(' ', 0, 1) : Decoders.Strip(' ', 1, 0));
        return new()
        {
            Vocabulary = _vocabulary,
            Added = new(_file, [], text => Normalize(text, model)),
            PreTokenizer = (text, _) => [text],
            Model = model,
            Frame = settings.Frame(begin, Control(_end), addBegin: true),
            Decoder = tokens => decoder.Aggregate(tokens, (current, step) => step(current)),
            BeginningOfSequence = begin,
        };
    }

    private int? Control(string text) => _vocabulary.Find(text) is { } id && _types[id] == PieceType.Control ? id : null;

    /// <summary>
    /// Spaces become visible; extra ones go and one is put in front (or behind), as the model says. User-defined pieces stay
    /// whole.
    /// </summary>
    private string Normalize(string text, SentencePieceModel model)
    {
        var result = new System.Text.StringBuilder(text.Length + 1);
        var afterSpace = _removeExtraSpaces;
        for (var start = 0; start < text.Length;)
        {
            var length = model.UserDefinedAt(text, start, out _) is var found and > 0 ? found : 1;
            var unit = text.AsSpan(start, length);
            start += length;
            if (afterSpace)
                unit = unit.TrimStart(' ');
            foreach (var character in unit)
                result.Append(character == ' ' ? Space[0] : character);
            if (!unit.IsEmpty)
                afterSpace = _removeExtraSpaces && unit[^1] == ' ';
        }

        while (_removeExtraSpaces && result.Length > 0 && result[^1] == Space[0])
            result.Length--;
        if (_dummyPrefix && result.Length > 0)
            result.Insert(_spaceAsSuffix ? result.Length : 0, Space);
        return result.ToString();
    }
}
