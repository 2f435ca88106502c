using Emergence.Cli;
using Emergence.Devices;
using Emergence.Ilgpu;

DeviceTable.Add(IlgpuDevices.Row);
return (int)CommandLine.Run(args);
