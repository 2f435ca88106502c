using Emergence.Cli;

return (int)CommandLine.Run(args);
