package io.modelassay.checkpoint;

import java.util.Locale;
import org.apiguardian.api.API;

/** What can be wrong with the files of a checkpoint. */
@API(status = API.Status.EXPERIMENTAL)
public enum CheckpointProblem {
    // what is (not) there
    MISSING_FOLDER,
    MISSING_FILE,
    NOT_A_FILE,
    UNREADABLE_FILE,
    NO_TENSOR_FILES,
    AMBIGUOUS_TENSOR_FILES,
    MISSING_INDEX,
    PICKLED_CHECKPOINT,
    UNSUPPORTED_FORMAT,
    // files that are not what their name says
    EMPTY_FILE,
    GIT_LFS_POINTER,
    HTML_PAGE,
    WRONG_FORMAT,
    TRUNCATED_FILE,
    TRAILING_BYTES,
    FILE_CHANGED,
    // safetensors header
    HEADER_TOO_SMALL,
    HEADER_TOO_LARGE,
    TRUNCATED_HEADER,
    HEADER_NOT_UTF8,
    INVALID_HEADER,
    INVALID_METADATA,
    DUPLICATE_TENSOR_NAME,
    DUPLICATE_HEADER_FIELD,
    UNKNOWN_DTYPE,
    INVALID_SHAPE,
    INVALID_DATA_OFFSETS,
    OVERLAPPING_TENSORS,
    GAP_BETWEEN_TENSORS,
    SIZE_OVERFLOW,
    MISALIGNED_SIZE,
    SIZE_MISMATCH,
    // torch.save files
    UNSAFE_PICKLE,
    INVALID_PICKLE,
    PICKLE_TOO_LARGE,
    INVALID_ARCHIVE,
    INVALID_STORAGE,
    TENSOR_OUTSIDE_STORAGE,
    UNSUPPORTED_TENSOR,
    NOT_A_STATE_DICT,
    // index and shards
    INVALID_INDEX,
    PATH_ESCAPE,
    MISSING_SHARD,
    TENSOR_NOT_IN_SHARD,
    TENSOR_NOT_IN_INDEX,
    TENSOR_IN_TWO_SHARDS,
    // config.json and other JSON documents
    INVALID_JSON,
    DOCUMENT_TOO_LARGE,
    MISSING_CONFIG,
    MISSING_CONFIG_KEY,
    WRONG_CONFIG_KIND,
    CONFIG_VALUE_OUT_OF_RANGE,
    INVALID_PATTERN,
    TOKENIZER_INVALID,
    // access
    UNKNOWN_TENSOR,
    TENSOR_TOO_LARGE,
    OUT_OF_RANGE,
    CLOSED,
    // writing
    INVALID_DECLARATION,
    INCOMPLETE_WRITE,
    WRITE_FAILED;

    private final String id = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** Stable kebab-case name, such as {@code header-too-large}. */
    public String id() {
        return id;
    }
}
