namespace Emergence.Studies.Composites;

/// <summary>What a head makes of test composites.</summary>
internal sealed record CompositeScore
{
    /// <summary>Composites whose digits are those with the highest scores.</summary>
    public required double Hits { get; init; }

    public required double Trials { get; init; }

    /// <summary>Expected number of the composite's digits among as many highest scores.</summary>
    public required double DigitsOnTop { get; init; }

    /// <summary>Mean -ln p of the told digit.</summary>
    public required double Loss { get; init; }

    /// <summary>The lowest there is.</summary>
    public required double LowestLoss { get; init; }

    /// <summary>Share of hits if scores say nothing.</summary>
    public required double Chance { get; init; }

    public required double L2 { get; init; }

    /// <summary>Mean -ln p on the part of the training composites that chose the penalty.</summary>
    public required double HeldOutLoss { get; init; }

    /// <summary>Mean over digits of I(the digit is there; its rank), in bits, and of the entropy of its being there.</summary>
    public required double PresenceBits { get; init; }

    public required double PresenceCeiling { get; init; }

    /// <summary>Mean over cells and digits of I(the cell shows the digit; its rank), in bits, and of its ceiling.</summary>
    public required double CellBits { get; init; }

    public required double CellCeiling { get; init; }

    /// <summary>At least so many bits about the set of digits are in the features: what the head's own guess of it is worth.</summary>
    public required double SetBits { get; init; }

    public required double SetCeiling { get; init; }

    /// <summary>What neighbours among the head's scores say of the same; NaN if it was not asked.</summary>
    public required double SetNeighbourBits { get; init; }

    /// <summary>(10): of the composites with the digit, the share that has it on top; NaN if there are none.</summary>
    public required double[] Recall { get; init; }

    /// <summary>As numbers for a journal.</summary>
    public double[] ToValues() =>
    [
        Hits, Trials, DigitsOnTop, Loss, LowestLoss, Chance, L2, HeldOutLoss, PresenceBits, PresenceCeiling, CellBits, CellCeiling, SetBits,
        SetCeiling, SetNeighbourBits, .. Recall,
    ];

    public static CompositeScore Of(double[] values) => new()
    {
        Hits = values[0],
        Trials = values[1],
        DigitsOnTop = values[2],
        Loss = values[3],
        LowestLoss = values[4],
        Chance = values[5],
        L2 = values[6],
        HeldOutLoss = values[7],
        PresenceBits = values[8],
        PresenceCeiling = values[9],
        CellBits = values[10],
        CellCeiling = values[11],
        SetBits = values[12],
        SetCeiling = values[13],
        SetNeighbourBits = values[14],
        Recall = values[15..],
    };
}

/// <summary>What a head of the same kind makes of single digits.</summary>
/// <param name="Accuracy">Share whose highest score is the digit; of an encoder by its own scores.</param>
/// <param name="Bits">At least so many bits about its digit are in the features of a cell.</param>
/// <param name="Ceiling">H of the digits.</param>
/// <param name="NeighbourBits">What neighbours among the head's scores say.</param>
internal readonly record struct SingleScore(double Accuracy, double Bits, double Ceiling, double NeighbourBits);
