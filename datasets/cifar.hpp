#pragma once
// CIFAR-10 in its "binary version" (cs.toronto.edu/~kriz/cifar.html):
//
//     file   = record{count}
//     record = label red{1024} green{1024} blue{1024}     one byte each; label 0 to 9
//
// The colours are planes of 32 rows of 32 pixels. data_batch_1.bin to data_batch_5.bin are for
// training, test_batch.bin for the test, 10000 records each as they come from there;
// batches.meta.txt has the names of the classes, a line for each.

#include <filesystem>
#include <optional>
#include <vector>

#include <datasets/cache.hpp>
#include <datasets/image_set.hpp>

namespace xgrad::datasets {

/// What ImageData::name says of them.
inline constexpr const char* cifar10_name = "CIFAR-10";

/// Reads the six files of `folder`, or of folder/cifar-10-batches-bin, which is what the archive
/// unpacks to; any number of records in each. Without batches.meta.txt the classes have the names
/// that it has for everyone. Throws IoError, naming the file, if one is missing (listing the paths
/// tried), empty, no multiple of a record long, holds a label above 9 (naming its record), or if
/// there are not ten names.
ImageData load_cifar10(const std::filesystem::path& folder);

/// The places that find_cifar10 looks in, in order: cifar10 in $XGRAD_DATA and in the user's cache
/// ($XDG_CACHE_HOME or ~/.cache, then xgrad).
std::vector<DataPlace> cifar10_places();

/// Reads `data`, if given, which may also be a folder of colour PNG files (image_folder.hpp); else
/// the first of the places that holds data. Logs which one it took. Throws as load_cifar10 does,
/// and IoError, saying where to get the data and where to put it, if there is none in any place.
ImageData find_cifar10(const std::optional<std::filesystem::path>& data = std::nullopt,
                       const std::vector<DataPlace>& places = cifar10_places());

}  // namespace xgrad::datasets
