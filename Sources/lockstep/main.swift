import Kernels

// Before anything else: OpenBLAS reads its environment while the program loads.
StartUp.prepareEnvironment()
do {
  var command = try LockstepCommand.parseAsRoot()
  try command.run()
} catch {
  Refusal.end(error)
}
