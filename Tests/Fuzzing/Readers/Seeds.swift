// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension FuzzReader {
  /// Small inputs of every kind that the reader takes, with which a search begins.
  ///
  /// - Parameter folder: Where files may be written meanwhile.
  /// - Returns: Inputs as ``file(from:)`` takes them.
  /// - Throws: `FileError`.
  package func seeds(in folder: String) throws -> [[UInt8]] {
    switch self {
    case .idx: Self.idxSeeds + Self.idxSeeds.map { Gzip.compress($0) }
    case .gzip: Self.gzipSeeds
    case .safetensors: Self.safetensorsSeeds
    case .model: try Self.models(in: folder)
    case .npy: Self.npySeeds.map { $0.encoded() } + Self.foreignNPY
    case .npz: Self.archives.map { ZIPWriter.archive(ofPieces: $0) }
    case .sparse: Self.archives
    case .png: try Self.pngs
    case .jpeg: []
    case .csv: Self.tables.flatMap { [Array($0.utf8), Gzip.compress(Array($0.utf8))] }
    case .mtx: Self.matrices.flatMap { [Array($0.utf8), Gzip.compress(Array($0.utf8))] }
    case .json: (Self.values + [Self.record]).map { Array($0.utf8) }
    case .data: Self.dataSeeds.map { Array($0.utf8) }
    case .run: [Self.record, Self.tableRecord].map { Array($0.utf8) }
    case .metrics: [Array((Self.epoch + "\n" + Self.epoch + "\n").utf8), Array(Self.epoch.utf8)]
    }
  }

  // MARK: Arrays

  private static var idxSeeds: [[UInt8]] {
    [
      IDX(dimensions: [2, 2, 3], elements: Array(0..<12)).encoded(),
      IDX(dimensions: [5], elements: [0, 1, 2, 1, 0]).encoded(),
      [0, 0, 0x0D, 1, 0, 0, 0, 2, 0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0],
      [0, 0, 0x0B, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 0xFF, 0xFE],
    ]
  }

  private static var gzipSeeds: [[UInt8]] {
    let text = Array("a text that repeats a text that repeats a text".utf8)
    return [
      Gzip.compress(text), Gzip.compress(text, level: 1) + Gzip.compress([1, 2, 3]),
      Gzip.compress([]) + [0, 0, 0], Gzip.compress([UInt8](repeating: 0, count: 5000)),
    ]
  }

  private static var npySeeds: [NPY] {
    [
      NPY(shape: [2, 3], .float32([0, 1, -1, .infinity, 0.5, 2])),
      NPY(shape: [2], .float64([.pi, .nan])), NPY(shape: [], .integers([-7])),
      NPY(shape: [3, 2, 2], .uint8(Array(0..<12))), NPY(shape: [0, 4], .float32([])),
    ]
  }

  /// Types and orders that are read but not written.
  private static var foreignNPY: [[UInt8]] {
    [
      ("<f2", "False", "(3,)", 6), (">f4", "False", "(2, 1)", 8), ("<i2", "True", "(2, 3)", 12),
      ("|b1", "False", "(4,)", 4), ("<u8", "False", "(1,)", 8), ("|i1", "True", "(2, 2)", 4),
      ("<U3", "False", "()", 12), ("|S3", "False", "()", 3),
    ].map { type, fortran, shape, size in
      header("{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }")
        + (0..<size).map { UInt8(0x40 + $0) }
    }
  }

  static func header(_ text: String) -> [UInt8] {
    let padded =
      text + String(repeating: " ", count: (64 - (text.utf8.count + 11) % 64) % 64) + "\n"
    return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(padded.utf8.count), 0]
      + Array(padded.utf8)
  }

  private static func text(_ word: String) -> [UInt8] {
    header("{'descr': '|S\(word.utf8.count)', 'fortran_order': False, 'shape': (), }")
      + Array(word.utf8)
  }

  /// Pieces of archives: matrices of SciPy's three formats, one array, and arrays by part.
  private static var archives: [[UInt8]] {
    let data = NPY(shape: [3], .float32([1, 2, 3])).encoded()
    let shape = NPY(shape: [2], .integers([2, 4])).encoded()
    func whole(_ numbers: [Int]) -> [UInt8] {
      NPY(shape: [numbers.count], .integers(numbers)).encoded()
    }
    let images = NPY(shape: [2, 2, 2], .uint8(Array(0..<8))).encoded()
    let labels = NPY(shape: [2], .uint8([1, 0])).encoded()
    let members: [[(name: String, contents: [UInt8])]] = [
      [
        ("format", text("csr")), ("shape", shape), ("data", data), ("indptr", whole([0, 1, 3])),
        ("indices", whole([2, 0, 1])),
      ],
      [
        ("format", text("csc")), ("shape", shape), ("data", data),
        ("indptr", whole([0, 1, 1, 2, 3])), ("indices", whole([1, 0, 1])),
      ],
      [
        ("format", text("coo")), ("shape", shape), ("data", data), ("row", whole([0, 1, 1])),
        ("col", whole([3, 0, 0])),
      ],
      [("x", images), ("y", labels)],
      [
        ("x_train", images), ("y_train", labels), ("x_test", images),
        ("\u{1B}[2J", labels),
      ],
    ]
    return members.flatMap {
      [ZIPWriter.pieces($0, packed: false), ZIPWriter.pieces($0, packed: true)]
    }
  }

  // MARK: Pictures

  private static var pngs: [[UInt8]] {
    get throws {
      try [PNG.Format.grey, .rgb, .rgba].map { format in
        let pixels = (0..<5 * 3 * format.channels).map { UInt8(truncatingIfNeeded: $0 * 23) }
        return try PNG.encode(pixels, width: 5, height: 3, format: format)
      }
    }
  }

  // MARK: Tensors and models

  private static var safetensorsSeeds: [[UInt8]] {
    let tensors = [
      Safetensors.Tensor(name: "w", shape: [2, 2], [1, 2, 3, -0.5] as [Float]),
      Safetensors.Tensor(name: "b\u{E9}", shape: [], [.pi] as [Double]),
      Safetensors.Tensor(name: "half", type: .f16, shape: [1], bytes: [0, 0x3C]),
      Safetensors.Tensor(name: "none", shape: [0, 5], [] as [Float]),
    ]
    return [
      Safetensors.encoded(tensors, metadata: ["format": "pt", "a": "b"]), Safetensors.encoded([]),
    ]
  }

  private static func models(in folder: String) throws -> [[UInt8]] {
    var generator = CounterGenerator(seed: 1, stream: 0)
    let architecture = AutoencoderArchitecture(data: 2, hidden: [2], latent: 1)
    let path = "\(folder)/seed.safetensors"
    func bytes(_ model: some DescribedModel) throws -> [UInt8] {
      try model.save(to: path, dataShape: [1, 2, 1])
      defer { try? Files.remove(path) }
      return try readFile(path)
    }
    return [
      try bytes(VariationalAutoencoder<Float>(architecture, using: &generator)),
      try bytes(GaussianVariationalAutoencoder<Float>(architecture, using: &generator)),
    ]
  }

  // MARK: Text

  private static let tables = [
    "x,y,label\n1,2.5,a\n-3e2,NA,b\n.5,inf,a\n", "a\tb\n1\t2\r\n3\t4\r\n",
    "a;b\n\"1,5\";\"x\"\"y\"\n2;\n", "\u{FEFF}n,m\n1,0\n0,1\n1,1\n",
  ]

  private static let matrices = [
    "%%MatrixMarket matrix coordinate real general\n% words\n2 3 3\n1 1 1.5\n2 3 -2\n1 2 4e1\n",
    "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 3\n",
    "%%MatrixMarket matrix array integer general\n2 2\n1\n2\n3\n4\n",
    "%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n",
  ]

  private static let values = [
    #"{"a": [1, -2.5e-3, true, false, null], "b\u00e9\n": {"c": "\ud83d\ude00 é"}}"#,
    "[[[]], {}, \"\", 0, -0.0, 12345678901234567890, 1e308]",
  ]

  private static let dataSeeds = [
    #"{"N": 3, "y": [1, 2.5, "NaN"], "X": [[1, 2], [3, 4], [5, 6]], "t": [[[1]]], "none": []}"#
  ]

  static let epoch =
    #"{"epoch":1,"seconds":0.052,"train":{"elbo":-45.0,"reconstruction":44.96,"kl":0.04,"#
    + #""importance_weighted_bound":-44.5},"#
    + #""test":{"elbo":-44.57,"reconstruction":44.53,"kl":0.03}}"#

  private static let record = """
    {"version": "0.1.0", "started": "2026-11-20T12:00:00+0000",
      "data": {"source": "DATA", "name": "data", "height": 8, "width": 8, "shape": [8, 8, 1],
        "train_images": 200, "test_images": 50, "fingerprint": "3f4f", "test_fingerprint": "e1b7",
        "binary": false, "reading": {"label": "y", "fractions": [0.8, 0.1, 0.1], "seed": "1"}},
      "model": {"likelihood": "Bernoulli", "hidden": [16], "latent": 2, "activation": "relu",
        "parameters": 2244, "initialisation": "uniform", "from": "x"},
      "training": {"epochs": 2, "batch_size": 20, "optimiser": "AdamW", "learning_rate": 0.001,
        "weight_decay": 0.1, "epsilon": 1e-08, "objective": "evidence lower bound",
        "gradient_estimator": "dreg", "samples": 3, "warm_up_epochs": 1, "free_nats": 0.5,
        "learning_rate_schedule": {"shape": "cosine", "final_learning_rate": 0, "epochs": 9},
        "learning_rate_stages": [{"epochs": 1, "learning_rate": 0.1}], "average_decay": 0.99,
        "gradient_norm_limit": 5, "precision": "fp32", "seed": "5", "patience": 3},
      "protocol": {"binarize": "dynamic", "samples": 1}}
    """

  /// The record of a model of a table, of columns of several laws.
  private static let tableRecord = """
    {"version": "0.2.0", "started": "2026-11-20T12:00:00+0000",
      "data": {"source": "t.csv", "name": "t", "height": 1, "width": 5, "shape": [5],
        "train_images": 9, "test_images": 3, "fingerprint": "3f4f",
        "reading": {"columns": ["a", "b", "c"], "kinds": {"a": "real"}, "standardise": true}},
      "model": {"parameters": 99, "configuration": {"data": 5, "hidden": [3],
        "decoder_hidden": [], "latent": 1, "activation": "tanh", "likelihood": [
          {"law": "gaussian", "columns": 1, "noise": "column", "units": [1.5]},
          {"law": "bernoulli", "columns": 1},
          {"law": "categorical", "columns": 3, "classes": [3]}],
        "fields": {"data": "x", "conditions": [{"name": "d", "width": 2}], "weight": "weight"},
        "table": {"columns": [{"name": "a", "kind": "real", "shift": 1, "scale": 1.5},
            {"name": "b", "kind": "binary", "levels": ["n", "y"]},
            {"name": "c", "kind": "category", "levels": ["r", "g", "b"]}],
          "conditions": [{"name": "d", "kind": "category", "levels": ["u", "v"]}],
          "missing": true, "weight": "w"}}},
      "training": {"epochs": 2, "batch_size": 3, "optimiser": "Adam", "learning_rate": 0.1,
        "objective": "importance-weighted bound", "gradient_estimator": "dreg",
        "samples": 3, "seed": "7"},
      "protocol": {"binarize": "none"}}
    """
}
