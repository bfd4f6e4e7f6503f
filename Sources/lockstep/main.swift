import Kernels

// Before anything else: OpenBLAS reads its environment while the program loads.
StartUp.prepareEnvironment()
let arguments = Arguments.meant(CommandLine.arguments.dropFirst())
do {
  try Arguments.refuseEmpty(arguments)
  var command = try LockstepCommand.parseAsRoot(arguments)
  try command.run()
} catch {
  Refusal.end(error, arguments)
}
