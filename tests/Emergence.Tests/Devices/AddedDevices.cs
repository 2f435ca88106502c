using System.Runtime.CompilerServices;
using Emergence.Devices;
using Emergence.Ilgpu;

namespace Emergence.Tests.Devices;

/// <summary>What the program adds to the table of devices is there for the tests too.</summary>
internal static class AddedDevices
{
    [ModuleInitializer]
    internal static void Add() => DeviceTable.Add(IlgpuDevices.Row);
}
