Console.WriteLine("emergence");
