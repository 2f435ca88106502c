using System.CommandLine;
using Emergence.Devices;
using Emergence.Tables;

namespace Emergence.Cli.Verbs;

/// <summary>What can compute on this machine.</summary>
internal static class DevicesVerb
{
    public static Command Create()
    {
        var json = Flags.Json();
        var command = new Command("devices", "List the devices of this machine") { json };
        command.SetAction(parsed =>
        {
            var table = new Table(TableColumn.Text("device"), TableColumn.Text("path"), TableColumn.Text("about"));
            foreach (var name in DeviceTable.Rows.SelectMany(row => row.Names))
            {
                var (path, about) = Describe(name);
                table.Add(name, path, about);
            }

            Console.Out.Write(table.ToString(parsed.GetValue(json) ? TableFormat.Json : TableFormat.Text));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static (string Path, string About) Describe(string name)
    {
        try
        {
            using var device = DeviceTable.Create(name, new DeviceOptions());
            return (device.Path, device.Description);
        }
        catch (EmergenceException error)
        {
            return ("", $"not here: {error.Message}");
        }
    }
}
