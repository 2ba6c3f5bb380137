// SPDX-License-Identifier: Apache-2.0

// Gives one reader file after file: those of libFuzzer, where the program is built with it
// (scripts/fuzz), else those that are named.
//
//     fuzz-readers list                        the names of the readers
//     fuzz-readers seeds READER FOLDER         writes the inputs with which a search begins
//     fuzz-readers large READER                reads large files made to take much memory, and says
//     how much fuzz-readers READER [FILE or OPTION]...  libFuzzer's arguments; or files to read
//     once

import CFuzzing
import Formats
import FuzzReaders

nonisolated(unsafe) var session: Session?

func reader(_ name: String?) -> FuzzReader {
  guard let reader = name.flatMap(FuzzReader.init) else {
    fatalError("name one of \(FuzzReader.allCases.map(\.rawValue).joined(separator: ", "))")
  }
  return reader
}

var words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "list": FuzzReader.allCases.forEach { print($0.rawValue) }
case "seeds" where words.count == 3:
  for (index, seed) in try reader(words[1]).seeds(in: words[2]).enumerated() {
    try AtomicFile.write(seed, to: "\(words[2])/seed-\(index)")
  }
case "large" where words.count == 2:
  let current = try Session(reader(words[1]), number: elbo_process())
  for large in reader(words[1]).largeInputs {
    let bytes = large.bytes()
    let peak = current.feed(bytes)
    let ratio = Double(peak) / Double(max(bytes.count, 1))
    print(
      "\(words[1]): \(large.name): \(bytes.count) bytes, \(ratio.fixed(1)) times that in memory")
  }
  current.end()
default:
  let current = try Session(reader(words.first), number: elbo_process())
  session = current
  // libFuzzer is not shown the name of the reader.
  var count = CommandLine.argc - 1
  var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
  arguments?[0] = CommandLine.unsafeArgv[0]
  let status = elbo_fuzz(&count, &arguments) { bytes, size in
    session?.feed(Array(UnsafeBufferPointer(start: bytes, count: size)))
    return 0
  }
  if status < 0 {
    for path in words.dropFirst() { current.feed(try readFile(path)) }
  }
  current.end()
  elbo_exit(max(status, 0))
}
