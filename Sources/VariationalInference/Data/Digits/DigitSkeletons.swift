// SPDX-License-Identifier: Apache-2.0

// The writing styles of the ten digits. Coordinates x, y in percent of the height: x to the right,
// y downwards, from the top at 0 to the foot at 100. A smooth curve joins the knots of one list;
// where a list ends and the next begins, the pen turns sharply without leaving the paper.

extension DigitStyle {
  static let zero = [
    DigitStyle(
      "round", weight: 4,
      Stroke([45, 0, 14, 14, 1, 48, 14, 86, 42, 100, 71, 86, 81, 50, 68, 12, 40, 1])),
    DigitStyle(
      "narrow", weight: 3,
      Stroke([38, 0, 18, 16, 11, 50, 19, 86, 38, 100, 56, 84, 63, 50, 54, 14, 34, 2])),
    DigitStyle(
      "pointed", weight: 2,
      Stroke([58, 0, 27, 16, 4, 56, 8, 88, 31, 100, 62, 80, 80, 38, 72, 8, 52, 2])),
    DigitStyle(
      "overlapping", weight: 2,
      Stroke([61, 7, 33, 4, 9, 28, 3, 64, 24, 97, 54, 94, 77, 62, 74, 24, 52, 5, 27, 13])),
    DigitStyle(
      "flourished", weight: 1,
      Stroke([38, 4, 12, 26, 4, 62, 26, 98, 56, 90, 73, 54, 65, 16, 42, 5, 40, 20, 58, 23, 84, 10])),
  ]

  static let one = [
    DigitStyle("straight", weight: 8, Stroke([32, 0, 32, 50, 32, 100])),
    DigitStyle("bent", weight: 3, Stroke([37, 0, 33, 30, 31, 65, 33, 100])),
    DigitStyle("flag", weight: 2, Stroke([14, 22, 26, 13, 36, 0], [36, 50, 35, 100])),
    DigitStyle(
      "flag and foot", weight: 1,
      Stroke([14, 23, 26, 14, 37, 0], [37, 50, 37, 99]), Stroke([12, 100, 36, 99, 62, 100])),
  ]

  static let two = [
    DigitStyle(
      "flat foot", weight: 3,
      Stroke([8, 22, 18, 6, 38, 0, 60, 10, 62, 32, 42, 62, 5, 98], [38, 96, 74, 97])),
    DigitStyle(
      "looped foot", weight: 4,
      Stroke([
        6, 22, 20, 4, 44, 0, 61, 16, 54, 46, 34, 76, 14, 95, 3, 90, 9, 78, 28, 82, 48, 94, 64, 97,
        80, 86,
      ])),
    DigitStyle(
      "swan", weight: 2,
      Stroke(
        [10, 26, 20, 6, 42, 0, 61, 14, 58, 38, 36, 70, 6, 95], [24, 86, 46, 93, 64, 98, 80, 86])
    ),
    DigitStyle(
      "angular", weight: 1,
      Stroke([5, 15, 20, 3, 44, 0, 62, 8], [40, 46, 6, 95], [40, 96, 76, 92])),
    DigitStyle(
      "curled", weight: 1,
      Stroke([24, 28, 11, 24, 16, 6, 40, 0, 63, 14, 56, 44, 30, 78, 4, 98], [40, 94, 76, 98])),
  ]

  static let three = [
    DigitStyle(
      "round", weight: 5,
      Stroke(
        [8, 14, 26, 1, 52, 4, 60, 22, 46, 40, 22, 47], [48, 49, 66, 68, 57, 92, 28, 100, 2, 90])),
    DigitStyle(
      "flat top", weight: 1,
      Stroke([8, 5, 34, 3, 64, 2], [46, 22, 28, 42], [55, 44, 68, 66, 56, 93, 28, 100, 2, 90])),
    DigitStyle(
      "looped waist", weight: 2,
      Stroke([
        8, 14, 28, 0, 54, 5, 58, 26, 42, 44, 26, 51, 24, 44, 44, 45, 65, 64, 58, 91, 30, 100, 2, 88,
      ])),
    DigitStyle(
      "soft waist", weight: 2,
      Stroke([
        6, 11, 28, 0, 52, 5, 56, 24, 40, 43, 36, 49, 56, 59, 62, 80, 44, 98, 18, 100, 0, 91,
      ])),
  ]

  static let four = [
    DigitStyle(
      "open", weight: 4,
      Stroke([17, 4, 12, 30, 6, 57], [36, 56, 76, 51]), Stroke([59, 0, 55, 50, 51, 100])),
    DigitStyle(
      "cup", weight: 3,
      Stroke([13, 4, 6, 34, 16, 54, 42, 51, 64, 38]), Stroke([68, 0, 61, 50, 57, 100])),
    DigitStyle(
      "closed", weight: 2,
      Stroke([54, 2, 30, 34, 2, 67], [40, 67, 78, 65]), Stroke([54, 2, 51, 50, 49, 100])),
    DigitStyle(
      "one stroke", weight: 2,
      Stroke([12, 6, 5, 38, 18, 54, 44, 46, 64, 6], [60, 50, 54, 100])),
    DigitStyle(
      "short stem", weight: 2,
      Stroke([30, 0, 16, 30, 4, 58], [34, 58, 76, 52]), Stroke([56, 24, 50, 60, 43, 100])),
  ]

  static let five = [
    DigitStyle(
      "detached bar", weight: 4,
      Stroke([20, 5, 16, 28, 12, 46], [32, 37, 54, 43, 63, 66, 51, 90, 26, 100, 2, 90]),
      Stroke([20, 5, 44, 5, 70, 1])),
    DigitStyle(
      "one stroke", weight: 3,
      Stroke(
        [68, 2, 42, 4, 18, 6], [15, 26, 12, 45],
        [34, 37, 56, 45, 63, 68, 49, 92, 24, 100, 0, 92])),
    DigitStyle(
      "s-shaped", weight: 2,
      Stroke([70, 3, 44, 2, 22, 6, 15, 26, 20, 42, 42, 46, 59, 64, 52, 90, 27, 100, 2, 92])),
    DigitStyle(
      "round shoulder", weight: 2,
      Stroke([66, 3, 44, 4, 24, 7], [17, 28, 17, 44, 36, 46, 56, 58, 57, 83, 36, 99, 6, 95])),
    DigitStyle(
      "flying bar", weight: 2,
      Stroke([18, 14, 13, 46], [35, 40, 56, 51, 58, 78, 38, 98, 8, 97]),
      Stroke([17, 15, 50, 9, 86, 0])),
  ]
}
