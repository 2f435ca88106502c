using Emergence.Capture;
using Emergence.Models;

namespace Emergence.Studies.InContext;

/// <summary>Prompts that a model continues with one of some tokens.</summary>
/// <param name="Prompts">Token ids.</param>
/// <param name="Answers">The tokens to choose from.</param>
/// <param name="Truth">Index of the right answer of each prompt.</param>
internal sealed record Question(int[][] Prompts, int[] Answers, int[] Truth)
{
    /// <summary>
    /// For each prompt of each question the index of the answer that the model scores highest, of equal ones the first. All questions go
    /// through the model together, for one that is streamed is read in every pass.
    /// </summary>
    public static int[][] Ask(LanguageModel model, IReadOnlyList<Question> questions, CancellationToken cancellation)
    {
        var answered = questions.Select(question => new int[question.Prompts.Length]).ToArray();
        var places = questions.SelectMany((question, q) => question.Prompts.Select((_, n) => (Question: q, Prompt: n))).ToArray();
        if (places.Length == 0)
            return answered;
        new OutputHead(model).ReadLast([.. questions.SelectMany(question => question.Prompts)], (i, logits) =>
            answered[places[i].Question][places[i].Prompt] = questions[places[i].Question].Best(logits), cancellation);
        return answered;
    }

    /// <summary>How many of the answers are right, of 1; NaN if nothing was asked.</summary>
    public double Accuracy(int[] answered) =>
        Truth.Length == 0 ? double.NaN : Truth.Zip(answered, (truth, answer) => truth == answer ? 1.0 : 0).Average();

    private int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var c = 1; c < Answers.Length; c++)
        {
            if (logits[Answers[c]] > logits[Answers[best]])
                best = c;
        }

        return best;
    }
}
