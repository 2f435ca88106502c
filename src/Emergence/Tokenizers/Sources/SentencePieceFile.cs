using Emergence.Messages;
using Emergence.Tokenizers.Added;
using Emergence.Tokenizers.Decoders;
using Emergence.Tokenizers.Models;
using Emergence.Tokenizers.Normalizers;

namespace Emergence.Tokenizers.Sources;

/// <summary>
/// Reads tokenizer.model, a ModelProto of sentencepiece_model.proto: pieces (field 1), trainer settings (2),
/// normalizer settings (3), and denormalizer settings (5). Defaults are those of that file.
/// </summary>
internal sealed class SentencePieceFile
{
    private const int Unigram = 1, BytePairs = 2;

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
    private string _unknownShown = " \u2047 ";
    private CharacterMap? _map;

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
                    model.RefuseMap(fields.Message());
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
        if (type is < (int)PieceType.Normal or > (int)PieceType.Byte)
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
                case 44:
                    _unknownShown = fields.Text();
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
        for (var fields = new ProtobufFields(_file, message); fields.Read();)
        {
            switch (fields.Field)
            {
                case 2:
                    _map = fields.Message().IsEmpty ? null : new(_file, fields.Message());
                    break;
                case 3:
                    _dummyPrefix = fields.Flag();
                    break;
                case 4:
                    _removeExtraSpaces = fields.Flag();
                    break;
                case 5:
                    if (!fields.Flag())
                        throw _file.Error("its normalizer leaves spaces as they are (escape_whitespaces), which is not supported");
                    break;
            }
        }
    }

    /// <summary>No published model maps characters on the way back.</summary>
    private void RefuseMap(ReadOnlySpan<byte> message)
    {
        for (var fields = new ProtobufFields(_file, message); fields.Read();)
        {
            if (fields.Field == 2 && !fields.Message().IsEmpty)
                throw _file.Error("a denormalizer with a character map is not supported");
        }
    }

    private TokenizerParts Assemble(TokenizerSettings settings)
    {
        if (_types.Count == 0)
            throw _file.Error("not a SentencePiece model: it has no pieces; fetch the file again");
        if (_modelType is not (Unigram or BytePairs))
            throw _file.Error($"a SentencePiece model of type {_modelType} is not supported, only Unigram (1) and BPE (2) are");
        if (_modelType == BytePairs && _types.IndexOf(PieceType.Unused) is >= 0 and var unused)
            throw _file.Error($"piece {unused}, {Printable.Quote(_vocabulary[unused]!)}, is of type 5 (unused), not supported in BPE");
        var pieces = new SentencePieces(_file, _vocabulary, _types, _scores, _byteFallback);
        var onlyAtStart = !settings.Flag("legacy", absent: true);
        var normalizer = new SentencePieceNormalizer
        {
            UserDefined = pieces.UserDefined,
            Map = _map,
            DummyPrefix = _dummyPrefix,
            RemoveExtraSpaces = _removeExtraSpaces,
            SpaceAsSuffix = _spaceAsSuffix,
            DummyPrefixOnlyAtStart = onlyAtStart,
        };
        var begin = Control(_begin);
        return new()
        {
            Added = new(_file, Added(settings), _vocabulary, normalizer.Normalize),
            NormalizerLooksAtPlaces = onlyAtStart,
            Model = _modelType == Unigram ? new SentencePieceUnigramModel(_file, pieces) : new SentencePieceModel(pieces),
            PostProcessor = settings.PostProcessor(begin, Control(_end), addBegin: true),
            Decoder = Decoder(_vocabulary[pieces.Unknown]!),
            BeginningOfSequence = begin,
        };
    }

    /// <summary>
    /// Tokens that the files beside the model list, and special ones that the model lacks. That the model's own control pieces have
    /// a role does not make SentencePiece find them in a text.
    /// </summary>
    private IEnumerable<AddedToken> Added(TokenizerSettings settings) => settings.Listed
        .Concat(settings.Named.Where(token => _vocabulary.Find(token.Text) < 0))
        .DistinctBy(token => token.Text)
        .Select(token => token with { Normalized = false });

    private Decoder Decoder(string unknown)
    {
        var eatsSpace = (_dummyPrefix || _removeExtraSpaces) && !_spaceAsSuffix;
        Decoder decode = new SentencePieceDecoder(unknown, _unknownShown, eatsSpace, _removeExtraSpaces).Decode;
        return _spaceAsSuffix && (_dummyPrefix || _removeExtraSpaces)
            ? DecoderTable.Sequence(decode, TokenDecoders.Strip(new(' '), 0, 1))
            : decode;
    }

    private int? Control(string text) => _vocabulary.Find(text) is >= 0 and var id && _types[id] == PieceType.Control ? id : null;
}
