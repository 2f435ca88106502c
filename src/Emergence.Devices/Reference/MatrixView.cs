using Emergence.Devices.Tensors;

namespace Emergence.Devices.Reference;

/// <summary>Elements of a host tensor as doubles, whatever their stored floating type is.</summary>
internal readonly unsafe struct MatrixView(Tensor tensor)
{
    private readonly Tensors.Buffer _owner = tensor.Buffer;
    private readonly nint _address = tensor.Address;
    private readonly long _stride = tensor.RowStride;
    private readonly DType _type = tensor.Type;

    public double this[int row, int column]
    {
        get
        {
            var i = row * _stride + column;
            var value = _type switch
            {
                DType.Float64 => ((double*)_address)[i],
                DType.Float32 => ((float*)_address)[i],
                DType.Float16 => (double)((Half*)_address)[i],
                DType.BFloat16 => BFloat16.ToSingle(((ushort*)_address)[i]),
                _ => throw new ArgumentException($"expected a floating type, found {_type}"),
            };
            GC.KeepAlive(_owner);
            return value;
        }

        set
        {
            var i = row * _stride + column;
            switch (_type)
            {
                case DType.Float64:
                    ((double*)_address)[i] = value;
                    break;
                case DType.Float32:
                    ((float*)_address)[i] = (float)value;
                    break;
                default:
                    throw new ArgumentException($"expected Float64 or Float32 to write to, found {_type}");
            }

            GC.KeepAlive(_owner);
        }
    }

    /// <summary>All elements, or those of the transpose, in dense rows.</summary>
    public static double[][] Rows(Tensor tensor, bool transpose)
    {
        var view = new MatrixView(tensor);
        var rows = new double[transpose ? tensor.Columns : tensor.Rows][];
        for (var r = 0; r < rows.Length; r++)
        {
            rows[r] = new double[transpose ? tensor.Rows : tensor.Columns];
            for (var c = 0; c < rows[r].Length; c++)
                rows[r][c] = transpose ? view[c, r] : view[r, c];
        }

        return rows;
    }

    /// <summary>Values of an (n, 1) tensor of indices.</summary>
    public static int[] Indices(Tensor tensor)
    {
        var values = new int[tensor.Rows];
        for (var i = 0; i < values.Length; i++)
            values[i] = ((int*)tensor.Address)[(long)i * tensor.RowStride];
        GC.KeepAlive(tensor);
        return values;
    }
}
