using System.Buffers.Binary;
using System.IO.Compression;
using Emergence.Studies.Composites;

namespace Emergence.Tests.Studies.Composites;

public sealed class DigitImagesTests
{
    private readonly string _folder = TestData.TemporaryFolder();

    private static byte[] Images => [.. Header(3, 4, 2, 3), .. Enumerable.Range(0, 24).Select(i => (byte)(10 * i))];

    private static byte[] Labels => [.. Header(1, 4), 3, 1, 4, 9];

    /// <summary>What is done to the images, to the labels, and what is said of it.</summary>
    public static TheoryData<string, string> Wrong => new()
    {
        { "labels as images", "holds a list (labels): expected images of rows and columns" },
        { "images as labels", "holds images of rows and columns: expected a list (labels)" },
        { "text", "begins with the bytes 6c6f6f6b: expected those of IDX, 0000 0803" },
        { "floats", "holds elements of type 0d: expected 08" },
        { "no image", "size 1 of 3 is 0: expected 1 or more" },
        { "size of 4 billion", "size 1 of 3 is 4294967295: expected 1 or more" },
        { "sizes of terabytes", "says that it holds 100000 x 10000 x 1000 bytes: expected 1,073,741,824 or fewer" },
        { "empty", "ends within its header" },
        { "header cut", "ends within its header" },
        { "images cut", "ends after 23 bytes of elements: its sizes say 24" },
        { "images too long", "goes on after its 24 elements" },
        { "gzip cut", "train-images-idx3-ubyte" },
        { "gzip damaged", "train-images-idx3-ubyte is damaged: " },
        { "gzip bomb", "goes on after its 24 elements" },
        { "label above 9", "label 2 is 10: expected a digit, 0 to 9" },
        { "counts differ", "has 4 images, " },
        { "labels cut", "ends after 3 bytes of elements: its sizes say 4" },
        { "labels absent", "has no 'train-labels-idx1-ubyte' beside it: expected --labels FILE" },
        { "all black", "pixels are from 0 to 0: expected none below 0 and one above" },
    };

    [Theory]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
    [InlineData("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte")]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz")]
    public void Labels_are_found_beside_their_images(string images, string labels)
    {
        Put(labels, Labels);

        var found = DigitImages.Read(Put(images, Images), null, null);

        Assert.Equal((4, 2, 3), (found.Count, found.Rows, found.Columns));
        Assert.Equal([3, 1, 4, 9], found.Labels);
        Assert.Equal([180 / 230f, 190 / 230f, 200 / 230f, 210 / 230f, 220 / 230f, 1], found.Pixels[3]);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_file_is_refused_in_a_line(string what, string expected)
    {
        var (images, labels) = (Images, (byte[]?)Labels);
        switch (what)
        {
            case "labels as images": images = Labels; break;
            case "images as labels": labels = Images; break;
            case "text": images = "look at these"u8.ToArray(); break;
            case "floats": images[2] = 0x0d; break;
            case "no image": images[7] = 0; break;
            case "size of 4 billion": images.AsSpan(4, 4).Fill(0xff); break;
            case "sizes of terabytes": images = Header(3, 100_000, 10_000, 1_000); break;
            case "empty": images = []; break;
            case "header cut": images = images[..13]; break;
            case "images cut": images = images[..^1]; break;
            case "images too long": images = [.. images, 0]; break;
            case "gzip cut": images = Gzip([.. images])[..^12]; break;
            case "gzip damaged": images = Gzip(images); images[^6] ^= 0xff; break;
            case "gzip bomb": images = Gzip([.. images, .. new byte[50_000_000]]); break;
            case "label above 9": labels![10] = 10; break;
            case "counts differ": labels = [.. Header(1, 3), 3, 1, 4]; break;
            case "labels cut": labels = labels![..^1]; break;
            case "labels absent": labels = null; break;
            case "all black": images.AsSpan(16).Clear(); break;
        }

        var path = Put("train-images-idx3-ubyte", images);
        if (labels != null)
            Put("train-labels-idx1-ubyte", labels);

        var error = Assert.Throws<EmergenceException>(() => DigitImages.Read(path, null, null));
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_table_tells_its_labels_by_name_or_by_what_they_are()
    {
        var last = Table("a,b,c,d,digit", "0,16,3,0,7", "0,2,1,0,5");
        Assert.Equal([7, 5], DigitImages.Read(last, null, null).Labels);
        Assert.Equal([0, 1, 0.1875f, 0], DigitImages.Read(last, null, null).Pixels[0]);
        Assert.Equal([7, 5], DigitImages.Read(Table("label,b,c,d,e", "7,0,16,3,1", "5,0,2,1,2"), null, null).Labels);
        Assert.Equal([7, 5], DigitImages.Read(Table("7,0,16,3,0", "5,0,200,1,0"), null, null).Labels); // the last is constant
        Assert.Equal([3, 1], DigitImages.Read(Table("a,b,c,d,e", "0,16,3,1,7", "0,2,1,0,5"), null, "c").Labels);
        Assert.Contains("both the first and the last column may hold the labels", Assert.Throws<EmergenceException>(() =>
            DigitImages.Read(Table("a,b,c,d,e", "1,16,3,1,7", "0,2,1,0,5"), null, null)).Message);
        Assert.Contains("expected a square number of pixels, found 4 columns", Assert.Throws<EmergenceException>(() =>
            DigitImages.Read(Table("a,b,c,digit", "1,16,3,7", "0,2,1,5"), null, null)).Message);
    }

    [Fact]
    public void Arrays_are_read_with_labels_of_their_own()
    {
        var images = Npy("images.npy", "|u1", "(2, 2, 3)", [.. Enumerable.Range(1, 12).Select(i => (byte)i)]);
        var labels = Npy("labels.npy", "|u1", "(2,)", [8, 0]);

        var found = DigitImages.Read(images, labels, null);

        Assert.Equal((2, 2, 3), (found.Count, found.Rows, found.Columns));
        Assert.Equal([8, 0], found.Labels);
        Assert.Equal([7 / 12f, 8 / 12f, 9 / 12f, 10 / 12f, 11 / 12f, 1], found.Pixels[1]);
        var flat = Npy("flat.npy", "|u1", "(2, 4)", [.. Enumerable.Range(1, 8).Select(i => (byte)i)]);
        Assert.Equal(2, DigitImages.Read(flat, labels, null).Rows);
    }

    private static byte[] Header(byte sizes, params int[] each)
    {
        var bytes = new byte[4 + 4 * each.Length];
        (bytes[2], bytes[3]) = (8, sizes);
        for (var i = 0; i < each.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 + 4 * i), each[i]);
        return bytes;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var file = new MemoryStream();
        using (var packed = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
            packed.Write(bytes);
        return file.ToArray();
    }

    private string Put(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, name.EndsWith(".gz", StringComparison.Ordinal) ? Gzip(bytes) : bytes);
        return path;
    }

    private string Table(params string[] lines)
    {
        var path = Path.Combine(_folder, "table.csv");
        File.WriteAllLines(path, lines);
        return path;
    }

    private string Npy(string name, string type, string shape, byte[] elements)
    {
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        return Put(name, [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. elements]);
    }
}
