using Emergence.Devices;

namespace Emergence.Models.Vision;

/// <summary>
/// Attention to all places by attention along paths: a tree in which the path to each of T leaves passes all T places once.
/// Half of the places are put above the tree of the other half, and the other way round, so that T log2 T rows do it.
/// </summary>
internal sealed class VisionPaths
{
    private readonly int _places;
    private readonly List<(int Place, int Parent)> _context = [];
    private readonly int[] _leafParents;

    public VisionPaths(int places)
    {
        (_places, _leafParents) = (places, new int[places]);
        Split(0, places, -1);
    }

    /// <summary>Rows of one image: those above the leaves, and the leaves.</summary>
    public int Count => _context.Count + _places;

    /// <summary>Rows of so many images: what is above the leaves of all of them, then the leaves image by image.</summary>
    public TokenRows Rows(Device device, int images)
    {
        var (parents, places) = (new int[images * Count], new int[images * Count]);
        var above = images * _context.Count;
        for (var image = 0; image < images; image++)
        {
            var start = image * _context.Count;
            for (var row = 0; row < _context.Count; row++)
            {
                places[start + row] = _context[row].Place;
                parents[start + row] = At(start, _context[row].Parent);
            }

            for (var place = 0; place < _places; place++)
            {
                places[above + image * _places + place] = place;
                parents[above + image * _places + place] = At(start, _leafParents[place]);
            }
        }

        return new(device, places, new int[places.Length], parents, new([0], 1), context: above);

        static int At(int start, int parent) => parent < 0 ? -1 : start + parent;
    }

    /// <summary>For every row the row of its place among those of all images.</summary>
    public int[] Sources(int images)
    {
        var above = Enumerable.Range(0, images).SelectMany(image => _context.Select(row => image * _places + row.Place));
        return [.. above, .. Enumerable.Range(0, images * _places)];
    }

    /// <param name="first">First of the places whose paths lack nothing but these places.</param>
    /// <param name="count">How many they are.</param>
    /// <param name="parent">Where their paths so far end.</param>
    private void Split(int first, int count, int parent)
    {
        if (count == 1)
        {
            _leafParents[first] = parent;
            return;
        }

        var half = count / 2;
        Split(first, half, Append(first + half, count - half, parent));
        Split(first + half, count - half, Append(first, half, parent));
    }

    private int Append(int first, int count, int parent)
    {
        for (var place = first; place < first + count; place++)
        {
            _context.Add((place, parent));
            parent = _context.Count - 1;
        }

        return parent;
    }
}
