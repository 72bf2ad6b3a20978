package io.modelassay.checkpoint;

import static io.modelassay.failure.Explanation.ofArtifact;
import static io.modelassay.failure.Explanation.ofUser;

import io.modelassay.failure.Explanation;
import io.modelassay.failure.ProblemId;
import org.apiguardian.api.API;

/** What can be wrong with the files of a checkpoint. */
@API(status = API.Status.EXPERIMENTAL)
public enum CheckpointProblem implements ProblemId {
    // what is (not) there
    MISSING_FOLDER(ofArtifact("there is no such folder or file", "check the path")),
    MISSING_FILE(ofArtifact("a file is not there", "add the file that belongs to the checkpoint")),
    NOT_A_FILE(ofArtifact("a folder or a device lies where a file is expected", "put the file itself there")),
    UNREADABLE_FILE(ofArtifact(
            "the operating system does not let the file be read",
            "check that the file exists and that this user may read it")),
    NO_TENSOR_FILES(ofArtifact("the folder holds no tensor file", "the folder that holds the weights")),
    AMBIGUOUS_TENSOR_FILES(ofArtifact(
            "the folder holds several tensor files and no index that says which count",
            "name one file, or add model.safetensors.index.json")),
    MISSING_INDEX(ofArtifact(
            "the folder holds shards and no index of them", "download the index, or write the checkpoint again")),
    PICKLED_CHECKPOINT(ofArtifact(
            "the folder holds pickled files, none by a name that loaders look for",
            "name the file to open, or rename it to pytorch_model.bin")),
    UNSUPPORTED_FORMAT(ofArtifact(
            "the file is of a kind that is not read: a tar archive, TorchScript, or of another byte order",
            "save it again as safetensors")),
    // files that are not what their name says
    EMPTY_FILE(ofArtifact("the file has no bytes", "download or copy the file again")),
    GIT_LFS_POINTER(ofArtifact(
            "the file is a git-LFS pointer, not the file that it stands for", "git lfs pull, or download the file")),
    HTML_PAGE(ofArtifact(
            "the file is an HTML page, probably of a failed download",
            "open the page to see why the download was refused, then fetch the file again")),
    WRONG_FORMAT(ofArtifact(
            "the file is not of the format that its name says",
            "check that the download was complete, and that the name fits the content")),
    TRUNCATED_FILE(
            ofArtifact("the file ends before the data that its header promises", "download or copy the file again")),
    TRAILING_BYTES(ofArtifact("the file goes on after its last tensor", "write the file again")),
    FILE_CHANGED(ofArtifact(
            "the file got shorter while it was read", "make sure that nothing writes to the checkpoint during a test")),
    // safetensors header
    HEADER_TOO_SMALL(ofArtifact("the file is shorter than the length of a header", "download or copy the file again")),
    HEADER_TOO_LARGE(ofArtifact(
            "the header is longer than the format allows",
            "check that this is a safetensors file; when writing, spread the tensors over several files")),
    TRUNCATED_HEADER(ofArtifact("the file ends within its header", "download or copy the file again")),
    HEADER_NOT_UTF8(ofArtifact("the header is not UTF-8", "write the file again with a current safetensors")),
    INVALID_HEADER(ofArtifact(
            "the header is not the JSON object that the format asks for",
            "write the file again with a current safetensors")),
    INVALID_METADATA(ofArtifact(
            "the metadata of the header are not a map of text to text",
            "write the file again with a current safetensors")),
    DUPLICATE_TENSOR_NAME(ofArtifact(
            "a tensor is declared twice", "write the file or the index again with one entry for each tensor")),
    DUPLICATE_HEADER_FIELD(
            ofArtifact("the header holds a field twice", "write the file again with a current safetensors")),
    UNKNOWN_DTYPE(ofArtifact(
            "a tensor has a type that safetensors does not know", "write the file again with a current safetensors")),
    INVALID_SHAPE(ofArtifact(
            "a shape has negative or too many numbers", "write the file again with the shape of the tensor")),
    INVALID_DATA_OFFSETS(ofArtifact(
            "the data offsets of a tensor are not two numbers in order",
            "write the file again with a current safetensors")),
    OVERLAPPING_TENSORS(
            ofArtifact("two tensors share bytes of the file", "write the file again with a current safetensors")),
    GAP_BETWEEN_TENSORS(
            ofArtifact("bytes between two tensors belong to none", "write the file again with a current safetensors")),
    SIZE_OVERFLOW(ofArtifact("a size is beyond 63 bits", "write the file again with a current safetensors")),
    MISALIGNED_SIZE(
            ofArtifact("a tensor fills no whole number of bytes", "write the file again with a current safetensors")),
    SIZE_MISMATCH(ofArtifact(
            "the shape of a tensor needs another number of bytes than its data offsets give",
            "write the file again with a current safetensors")),
    // torch.save files
    UNSAFE_PICKLE(ofArtifact(
            "the pickle names something that tensors do not need; it was not executed",
            "get the weights as safetensors")),
    INVALID_PICKLE(ofArtifact(
            "the pickle is damaged", "get the file from its publisher again, or write it again with torch.save")),
    PICKLE_TOO_LARGE(ofArtifact(
            "the pickle is beyond the limits of the reader",
            "save the state dict alone: torch.save(model.state_dict(), path)")),
    INVALID_ARCHIVE(ofArtifact(
            "the zip archive of the file is damaged",
            "get the file from its publisher again, or write it again with torch.save")),
    INVALID_STORAGE(ofArtifact(
            "the bytes of a storage are missing, or not as many as the pickle says",
            "get the file from its publisher again, or write it again with torch.save")),
    TENSOR_OUTSIDE_STORAGE(ofArtifact(
            "a tensor reaches beyond the end of its storage",
            "get the file from its publisher again, or write it again with torch.save")),
    UNSUPPORTED_TENSOR(
            ofArtifact("a tensor is quantized, sparse or of a class that is not read", "save plain, dense tensors")),
    NOT_A_STATE_DICT(ofArtifact("the file holds no state dict, or several", "torch.save(model.state_dict(), path)")),
    // index and shards
    INVALID_INDEX(ofArtifact(
            "the index of the shards is damaged",
            "write the checkpoint again with save_pretrained, or download the index again")),
    PATH_ESCAPE(ofArtifact(
            "a name leads out of the folder of the checkpoint",
            "keep every file inside the folder, named by a plain relative path")),
    MISSING_SHARD(ofArtifact("the index names files that are not there", "download the missing files")),
    TENSOR_NOT_IN_SHARD(ofArtifact(
            "a tensor does not lie in the shard that the index names",
            "write the index again from the shards, or download the shard that belongs to it")),
    TENSOR_NOT_IN_INDEX(
            ofArtifact("a shard holds a tensor that the index does not map", "write the index again from the shards")),
    TENSOR_IN_TWO_SHARDS(ofArtifact(
            "two shards hold the same tensor", "remove the shards of an earlier save, or write the checkpoint again")),
    // config.json and other JSON documents
    INVALID_JSON(ofArtifact("the document is not JSON, or holds a key twice", "write the document again")),
    DOCUMENT_TOO_LARGE(ofArtifact(
            "the JSON document is larger than the reader takes", "check that the file is what its name says")),
    MISSING_CONFIG(ofArtifact("a config is not there", "add the config.json that belongs to the checkpoint")),
    MISSING_CONFIG_KEY(ofArtifact(
            "a key that is needed is missing from the config",
            "add the key, or use the config.json that belongs to the checkpoint")),
    WRONG_CONFIG_KIND(ofArtifact(
            "a value of the config is of another kind, such as text in the place of a number",
            "correct the value, or use the config.json that belongs to the checkpoint")),
    CONFIG_VALUE_OUT_OF_RANGE(ofArtifact(
            "a value of the config cannot be computed with",
            "correct the value, or use the config.json that belongs to the checkpoint")),
    INVALID_PATTERN(ofArtifact(
            "a pattern of the config is no regular expression, or takes too long to match", "correct the pattern")),
    TOKENIZER_INVALID(ofArtifact(
            "the tokenizers library would not survive the tokenizer.json",
            "save the tokenizer again with a current transformers, or give token ids in the place of a text")),
    // access
    UNKNOWN_TENSOR(ofArtifact("the checkpoint has no tensor of this name", "one of the names of the checkpoint")),
    TENSOR_TOO_LARGE(ofArtifact("the tensor fits into no buffer", "map it in slices")),
    OUT_OF_RANGE(ofArtifact("bytes are asked for that lie outside of the tensor", "a range inside of the tensor")),
    CLOSED(ofArtifact(
            "the checkpoint has been closed", "keep the checkpoint open for as long as its tensors are read")),
    // writing
    INVALID_DECLARATION(ofArtifact(
            "a tensor is declared twice, or with a shape that fills no whole bytes", "declare every tensor once")),
    INCOMPLETE_WRITE(
            ofArtifact("a declared tensor was not written whole", "write every declared tensor before commit")),
    WRITE_FAILED(ofUser(
            "a file cannot be written",
            "check that the folder exists, that this user may write to it, and that there is space"));

    private final Explanation explanation;

    CheckpointProblem(Explanation explanation) {
        this.explanation = explanation;
    }

    @Override
    public Explanation explanation() {
        return explanation;
    }
}
