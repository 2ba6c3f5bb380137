// SPDX-License-Identifier: Apache-2.0

public import Formats

/// What a file says of the model in it: an object in JSON under the metadata key `elbo.model`.
///
///     {"version":1,"kind":"bernoulli-vae","data":784,"hidden":[400],"decoder_hidden":[400],
///      "latent":20,"activation":"relu","likelihood":"bernoulli","data_shape":[28,28,1],
///      "sha256":"9f86d0..."}
///
/// Keys that are not known are ignored; a version that is not known is refused, because in it known
/// keys may mean something else.
public struct ModelDescription: Sendable, Equatable {
  /// Where it stands in a file's metadata.
  public static let metadataKey = "elbo.model"
  /// The version that is written, and the highest that is read.
  public static let version = 1

  /// The name of the type of model: ``DescribedModel/kind``.
  public let kind: String
  /// What models of that kind are made from: ``DescribedModel/configuration``.
  public let configuration: JSONValue
  /// The lengths of the axes of one example, such as [height, width, channels], where it is known.
  public let dataShape: [Int]?
  /// The SHA-256 of the bytes of all tensors; nil where it was not written.
  let sha256: String?

  private static let ownKeys = ["version", "kind", "data_shape", "sha256"]

  /// The description of a model that is about to be written.
  init(_ model: some DescribedModel, dataShape: [Int]?, sha256: String) {
    let keys = model.configuration.members?.map(\.key)
    precondition(
      keys.map { Set($0).count == $0.count && Set($0).isDisjoint(with: Self.ownKeys) } ?? false,
      "the configuration of a model is an object of different keys without "
        + Self.ownKeys.joined(separator: ", "))
    kind = type(of: model).kind
    configuration = model.configuration
    self.dataShape = dataShape
    self.sha256 = sha256
  }

  /// The text of the metadata entry.
  var text: String {
    var members = [
      JSONValue.Member("version", JSONValue(Self.version)), .init("kind", .string(kind)),
    ]
    members += configuration.members ?? []
    if let dataShape { members.append(.init("data_shape", .array(dataShape.map { .init($0) }))) }
    if let sha256 { members.append(.init("sha256", .string(sha256))) }
    return JSONValue.object(members).compact
  }
}

extension ModelDescription {
  /// Reads the description in a file; nil where it has none.
  ///
  /// - Throws: ``CheckpointError``.
  init?(_ file: Safetensors) throws {
    let key = Self.metadataKey
    guard let json = try file.described(by: key, version: Self.version) else { return nil }
    func entry<Value>(_ name: String, _ expected: String, _ value: (JSONValue) -> Value?) throws
      -> Value?
    {
      guard let found = json[name] else { return nil }
      guard let value = value(found) else {
        throw CheckpointError(
          path: file.path,
          fault: .description(key: name, found: found.compact, expected: expected))
      }
      return value
    }
    guard let kind = try entry("kind", "a name", \.stringValue) else {
      throw CheckpointError(
        path: file.path, fault: .description(key: "kind", found: nil, expected: "a name"))
    }
    self.kind = kind
    dataShape = try entry("data_shape", "a list of whole numbers of at least 1") { list in
      let sizes = list.arrayValue?.compactMap(\.intValue).filter { $0 > 0 }
      return sizes?.count == list.arrayValue?.count ? sizes : nil
    }
    sha256 = json["sha256"]?.stringValue
    configuration = .object((json.members ?? []).filter { !Self.ownKeys.contains($0.key) })
  }
}

extension Safetensors {
  /// The JSON object under a key of the metadata, after its `version` and `sha256` were checked; nil
  /// where there is no such key.
  ///
  /// - Throws: ``CheckpointError``.
  func described(by key: String, version known: Int) throws -> JSONValue? {
    guard let text = metadata[key] else { return nil }
    func refuse(_ fault: CheckpointError.Fault) -> CheckpointError {
      CheckpointError(path: path, fault: fault)
    }
    let json: JSONValue
    do {
      json = try JSONValue.parse(text)
    } catch let error as FormatError {
      throw refuse(.unreadableDescription(key: key, reason: "\(error.fault)"))
    }
    guard json.members != nil else {
      throw refuse(.unreadableDescription(key: key, reason: "is no object in JSON"))
    }
    guard let version = json["version"]?.intValue, version > 0 else {
      throw refuse(
        .description(
          key: "version", found: json["version"]?.compact,
          expected: "a whole number of at least 1"))
    }
    if version > known { throw refuse(.version(key: key, found: version, known: known)) }
    if let recorded = json["sha256"], recorded != .string(checksum) {
      throw refuse(.altered(recorded: recorded.compact, found: checksum))
    }
    return json
  }
}
