#pragma once
// MNIST and everything in its form: Fashion-MNIST, the synthetic digits, one's own images.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <datasets/cache.hpp>
#include <datasets/image_set.hpp>

namespace xgrad::datasets {

/// Named "MNIST", "Fashion-MNIST", "synthetic digits" or "IDX images", "PNG images".
using Mnist = ImageData;

/// Reads the four files of a folder: {train,t10k}-images-idx3-ubyte and
/// {train,t10k}-labels-idx1-ubyte, or with a dot before "idx", each as it is or with ".gz". The
/// name is told from the labels' checksum. Throws IoError if a file is missing (listing the paths
/// tried) or damaged, if there are not as many labels as images, if a label is not 0 to 9 (naming
/// its index), if the two image files differ in height or width, or if they hold no image.
Mnist load_mnist(const std::filesystem::path& folder);

/// The names of the ten classes in a data set of that name: digits, unless it is Fashion-MNIST.
std::vector<std::string> class_names(const std::string& dataset);

/// A folder where MNIST-like data is looked for.
using MnistPlace = DataPlace;

/// The places that find_mnist looks in, in order: $XGRAD_DATA/mnist; the user's cache
/// ($XDG_CACHE_HOME or ~/.cache, then xgrad/mnist, xgrad/fashion-mnist);
/// share/datasets/fashion-mnist of the prefix this program is installed in, and of the system
/// (Debian's package dataset-fashion-mnist).
std::vector<MnistPlace> mnist_places();

/// Reads `data`, if given, which may also be a folder of PNG files (image_folder.hpp); else the
/// first of the places that holds data; else draws synthetic digits. Logs which one it took. Data
/// that is there but damaged or not complete is an IoError, as is a `data` that holds none:
/// something else is never taken in its place.
Mnist find_mnist(const std::optional<std::filesystem::path>& data = std::nullopt,
                 const std::vector<MnistPlace>& places = mnist_places());

/// Writes the four files, compressed, under the names that load_mnist reads; makes the folder if
/// need be. Throws IoError if that fails, ShapeError or ValueError for sets that check() refuses.
void save_mnist(const Mnist& mnist, const std::filesystem::path& folder);

}  // namespace xgrad::datasets
