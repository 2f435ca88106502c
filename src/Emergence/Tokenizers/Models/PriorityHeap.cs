namespace Emergence.Tokenizers.Models;

/// <summary>Numbers, the smallest first: a heap with four children to a node, in one array.</summary>
internal sealed class PriorityHeap(int capacity)
{
    private const int Children = 4;

    private ulong[] _items = new ulong[Math.Max(1, capacity)];
    private int _count;

    /// <summary>Adds before the heap is in order: call <see cref="Order"/> afterwards.</summary>
    public void AddUnordered(ulong item)
    {
        if (_count == _items.Length)
            Array.Resize(ref _items, 2 * _count);
        _items[_count++] = item;
    }

    public void Order()
    {
        for (var i = (_count - 2) / Children; i >= 0; i--)
            Sink(i, _items[i]);
    }

    public void Add(ulong item)
    {
        AddUnordered(item);
        var place = _count - 1;
        for (int parent; place > 0 && _items[parent = (place - 1) / Children] > item; place = parent)
            _items[place] = _items[parent];
        _items[place] = item;
    }

    public bool TryTake(out ulong item)
    {
        if (_count == 0)
        {
            item = 0;
            return false;
        }

        item = _items[0];
        var last = _items[--_count];
        if (_count > 0)
            Sink(0, last);
        return true;
    }

    private void Sink(int place, ulong item)
    {
        while (true)
        {
            var child = Children * place + 1;
            if (child >= _count)
                break;
            var end = Math.Min(child + Children, _count);
            for (var other = child + 1; other < end; other++)
            {
                if (_items[other] < _items[child])
                    child = other;
            }

            if (_items[child] >= item)
                break;
            _items[place] = _items[child];
            place = child;
        }

        _items[place] = item;
    }
}
