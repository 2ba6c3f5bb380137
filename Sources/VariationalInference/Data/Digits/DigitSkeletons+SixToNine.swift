// SPDX-License-Identifier: Apache-2.0

// The writing styles of the digits 6 to 9, in the coordinates of `DigitSkeletons.swift`.

extension DigitStyle {
  static let six = [
    DigitStyle(
      "curved back", weight: 4,
      Stroke([54, 1, 30, 18, 11, 48, 8, 80, 26, 100, 51, 92, 58, 72, 42, 58, 20, 68, 9, 84])),
    DigitStyle(
      "straight back", weight: 3,
      Stroke([50, 0, 28, 32, 8, 68, 11, 94, 34, 100, 55, 85, 50, 65, 28, 62, 9, 79])),
    DigitStyle(
      "hooked top", weight: 2,
      Stroke([60, 9, 42, 0, 17, 20, 4, 56, 8, 88, 32, 100, 58, 89, 59, 64, 36, 54, 10, 71])),
    DigitStyle(
      "curled in", weight: 2,
      Stroke([46, 0, 20, 34, 6, 72, 20, 98, 48, 95, 60, 75, 43, 60, 24, 71, 28, 93])),
    DigitStyle(
      "upright", weight: 1,
      Stroke([26, 0, 13, 38, 10, 77, 25, 100, 50, 94, 58, 74, 41, 59, 13, 72])),
  ]

  static let seven = [
    DigitStyle("plain", weight: 4, Stroke([4, 7, 36, 5, 67, 2], [49, 42, 30, 100])),
    DigitStyle(
      "bent stem", weight: 3, Stroke([3, 9, 36, 5, 66, 4], [47, 36, 35, 68, 32, 100])),
    DigitStyle(
      "barred", weight: 1,
      Stroke([4, 7, 36, 5, 67, 2], [50, 42, 32, 100]), Stroke([20, 54, 42, 50, 64, 47])),
    DigitStyle(
      "serif", weight: 1, Stroke([6, 25, 9, 5], [38, 6, 67, 4], [49, 42, 32, 100])),
    DigitStyle(
      "round", weight: 2,
      Stroke([3, 20, 13, 7, 38, 6, 58, 4, 62, 18, 48, 50, 34, 100])),
  ]

  static let eight = [
    DigitStyle(
      "one stroke", weight: 4,
      Stroke([
        60, 13, 38, 0, 15, 12, 19, 34, 41, 52, 57, 74, 49, 96, 26, 99, 10, 82, 20, 60, 42, 44, 60,
        22,
        54, 6,
      ])),
    DigitStyle(
      "two rings", weight: 2,
      Stroke([35, 0, 14, 10, 12, 33, 32, 47, 53, 34, 53, 11, 31, 1]),
      Stroke([32, 47, 8, 61, 6, 87, 32, 100, 58, 87, 57, 61, 30, 47])),
    DigitStyle(
      "open top", weight: 2,
      Stroke([
        64, 9, 40, 0, 17, 12, 22, 36, 45, 55, 54, 79, 36, 100, 12, 91, 15, 67, 40, 44, 66, 15,
      ])),
    DigitStyle(
      "slender", weight: 2,
      Stroke([
        46, 6, 30, 0, 17, 16, 28, 42, 45, 66, 42, 93, 25, 100, 12, 84, 22, 58, 41, 38, 51, 17, 40,
        2,
      ])),
  ]

  static let nine = [
    DigitStyle(
      "straight tail", weight: 4,
      Stroke([57, 14, 36, 0, 12, 11, 6, 34, 25, 48, 47, 36, 59, 10], [55, 54, 49, 100])),
    DigitStyle(
      "curved tail", weight: 2,
      Stroke(
        [59, 12, 36, 0, 13, 11, 8, 34, 28, 46, 50, 34, 61, 10],
        [62, 52, 54, 84, 33, 100, 8, 93])),
    DigitStyle(
      "round", weight: 3,
      Stroke([57, 26, 44, 47, 20, 48, 7, 30, 18, 6, 42, 0, 57, 18, 57, 56, 46, 100])),
    DigitStyle(
      "angular", weight: 1,
      Stroke([62, 4, 36, 3, 10, 22, 13, 42, 40, 39, 62, 6], [52, 56, 44, 100])),
  ]
}
