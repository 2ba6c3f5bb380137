// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A published data set: where it can be downloaded, and how to know that it is the right one.
///
/// The data are downloaded once into a folder of the cache and used from there without a network.
/// They are stored unpacked, so that a program that uses them starts in milliseconds.
public struct DatasetSource: Sendable, Equatable {
  /// One file of a data set.
  public struct File: Sendable, Equatable {
    /// Its name without `.gz`.
    public let name: String
    /// The size of its unpacked contents in bytes.
    public let byteCount: Int
    /// The SHA-256 of its unpacked contents, so that data packed anew by a mirror are accepted.
    public let sha256: String

    /// A file of that name, size and SHA-256 (64 hexadecimal digits).
    public init(name: String, byteCount: Int, sha256: String) {
      self.name = name
      self.byteCount = byteCount
      self.sha256 = sha256
    }
  }

  /// The name of the data set, and of its folder in the cache.
  public let name: String
  /// The URLs of the folders that hold the files, each ending in a slash; tried in this order.
  public let mirrors: [String]
  /// The files, published with `.gz` after their names.
  public let files: [File]

  /// A source of the given files.
  ///
  /// - Parameters:
  ///   - name: The name of the data set, and of its folder in the cache.
  ///   - mirrors: The URLs of the folders that hold the files, each ending in a slash.
  ///   - files: The files.
  public init(name: String, mirrors: [String], files: [File]) {
    self.name = name
    self.mirrors = mirrors
    self.files = files
  }

  /// The folder of this data set in the cache.
  ///
  /// - Parameter cacheFolder: The folder of all cached data sets.
  /// - Returns: A folder that may not exist yet.
  public func folder(in cacheFolder: String) -> IDXFolder {
    IDXFolder("\(cacheFolder)/\(name)", publishedAs: self)
  }

  /// The known data set that has a file of this hash.
  static func publisher(of sha256: String) -> DatasetSource? {
    all.first { $0.files.contains { $0.sha256 == sha256 } }
  }

  /// Whether all files are in the cache, downloaded or put there by hand.
  public func isCached(in cacheFolder: String) -> Bool {
    files.allSatisfy { isPresent($0, in: folder(in: cacheFolder)) }
  }

  func isPresent(_ file: File, in folder: IDXFolder) -> Bool {
    Files.exists("\(folder.path)/\(file.name)") || Files.exists("\(folder.path)/\(file.name).gz")
  }

  /// Checks that the cached files are the published ones, by their SHA-256.
  ///
  /// A download is checked when it arrives, and every file when it is loaded; this checks all.
  ///
  /// - Throws: `DatasetError.notAsPublished`, or an error that names a file that cannot be read.
  public func verify(in cacheFolder: String) throws {
    for file in files {
      let plain = "\(folder(in: cacheFolder).path)/\(file.name)"
      let path = Files.exists(plain) ? plain : "\(plain).gz"
      let bytes = try readFile(path)
      let found = SHA256.hexadecimal(
        of: Gzip.isGzip(bytes)
          ? try Gzip.decompress(bytes, path: path, limit: file.byteCount) : bytes)
      guard found == file.sha256 else {
        throw DatasetError.notAsPublished(path: path, expected: file.sha256, found: found)
      }
    }
  }
}

// MARK: The catalogue

extension DatasetSource {
  /// The known data sets.
  public static let all = [mnist, fashionMNIST, staticMNIST]

  /// The known data set of that name: "mnist", "fashion-mnist" or "static-mnist".
  public static func named(_ name: String) -> DatasetSource? {
    all.first { $0.name == name }
  }

  /// Handwritten digits: 60 000 + 10 000 images of 28 x 28 (LeCun, Cortes and Burges).
  public static let mnist = DatasetSource(
    name: "mnist",
    mirrors: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    files: mnistLayout(sha256: [
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]))

  /// Articles of clothing: 60 000 + 10 000 images of 28 x 28 (Xiao, Rasul and Vollgraf).
  public static let fashionMNIST = DatasetSource(
    name: "fashion-mnist",
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ],
    files: mnistLayout(sha256: [
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ]))

  /// MNIST binarised once: 50 000 + 10 000 + 10 000 images of 28 x 28, bytes 0 and 255, no labels.
  ///
  /// The files of H. Larochelle, from Salakhutdinov and Murray, "On the quantitative analysis of deep
  /// belief networks", ICML 2008. They were published as text (`binarized_mnist_train.amat` and so
  /// on); no mirror offers them as IDX, so that they are put into the cache by hand. The hashes are
  /// those of the same bits in the same order as IDX.
  public static let staticMNIST = DatasetSource(
    name: "static-mnist", mirrors: [],
    files: [
      File(
        name: "train-images-idx3-ubyte", byteCount: 16 + 50_000 * 28 * 28,
        sha256: "a999cb6820da36cd1db53b37219e2102d46ee90a09c4605d2dde3f42982083c5"),
      File(
        name: "valid-images-idx3-ubyte", byteCount: 16 + 10_000 * 28 * 28,
        sha256: "3674963962249f9e6c98688a82838893fd1317fafef7db687e2f7617c68c34f0"),
      File(
        name: "test-images-idx3-ubyte", byteCount: 16 + 10_000 * 28 * 28,
        sha256: "37d754f315cacab0b57b8b9602eb6394f1d59524ab5da6f2812616df722a8a1a"),
    ])

  /// The four files that MNIST and its relatives share but for their contents.
  private static func mnistLayout(sha256: [String]) -> [File] {
    let layout = [
      ("train-images-idx3-ubyte", 16 + 60_000 * 28 * 28), ("train-labels-idx1-ubyte", 8 + 60_000),
      ("t10k-images-idx3-ubyte", 16 + 10_000 * 28 * 28), ("t10k-labels-idx1-ubyte", 8 + 10_000),
    ]
    return zip(layout, sha256).map { File(name: $0.0, byteCount: $0.1, sha256: $1) }
  }
}
