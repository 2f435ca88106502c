using Emergence.Devices;

namespace Emergence.Tests.Devices;

public class DeviceTableTests
{
    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        var error = Assert.Throws<EmergenceException>(() => DeviceTable.Create("gpu7", new DeviceOptions()));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("'gpu7'", error.Message, StringComparison.Ordinal);
        Assert.All(DeviceTable.Rows, row => Assert.Contains(row.Name, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_negative_number_of_threads_is_refused() =>
        Assert.Throws<EmergenceException>(() => DeviceTable.Create("reference", new DeviceOptions(Threads: -1)));

    [Fact]
    public void Names_are_unique_and_devices_answer_to_theirs()
    {
        Assert.Equal(DeviceTable.Rows.Count, DeviceTable.Rows.Select(row => row.Name).Distinct().Count());
        using var device = DeviceTable.Create("reference", new DeviceOptions());
        Assert.Equal("reference", device.Name);
        Assert.True(device.AvailableBytes > 0);
    }
}
