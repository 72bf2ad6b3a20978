package io.modelassay;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.quantization.QuantizationMethod;
import io.modelassay.quantization.QuantizationMethods;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * In which source files the name of a quantization method stands, so that a method which is added touches none of them. Every
 * file beside the method's own has a reason; one that is not listed fails, and so does one that has none any more.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MethodFilesTest {
    private static final Path EXTENSION = Path.of("").toAbsolutePath().getParent();

    /** What a method is made of, by the file's simple name: a new method has such files, and changes none. */
    private static final Pattern OWN =
            Pattern.compile("(Calibrated)?(Awq|Gptq|Rtn|Hqq|Nf4|Fp4|LlmInt8|Fp8)[A-Za-z0-9]*");

    /** Names for users who would rather not write a string; a method without one works alike. */
    private static final Set<String> NAMES_FOR_USERS = Set.of("Quantization", "Procedure", "ToolArithmetic");

    /** Where the same word is a {@code quant_method} or a layout of stored files, which is told of stored schemes. */
    private static final Set<String> WORDS_OF_STORED_FILES = Set.of(
            "ActivationScales",
            "BaseModules",
            "BitsAndBytes4Scheme",
            "BitsAndBytesFormat",
            "BlockFp8Format",
            "DeclaredModules",
            "FusedParts",
            "PackedPadding",
            "QuantizationConfig",
            "ScaledWeightScheme",
            "WeightStorage");

    private List<Path> sources = List.of();

    @BeforeAll
    void findSources() throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> modules = Files.list(EXTENSION)) {
            for (Path module : modules.map(path -> path.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(module)) {
                    files.filter(file -> file.toString().endsWith(".java")).forEach(found::add);
                }
            }
        }
        assertThat(found).hasSizeGreaterThan(400);
        sources = found;
    }

    private Set<String> filesWith(Pattern pattern) throws IOException {
        Set<String> files = new TreeSet<>();
        for (Path source : sources) {
            if (pattern.matcher(Files.readString(source, StandardCharsets.UTF_8))
                    .find()) {
                files.add(source.getFileName().toString().replaceFirst("\\.java$", ""));
            }
        }
        return files;
    }

    private static String alternatives(Stream<String> words) {
        return words.map(Pattern::quote).collect(Collectors.joining("|", "(?:", ")"));
    }

    private static Stream<QuantizationMethod> ofThisLibrary() {
        return QuantizationMethods.all().stream()
                .filter(method -> method.getClass().getPackage().equals(QuantizationMethod.class.getPackage()));
    }

    @Test
    void noFileButItsOwnNamesAMethod() throws IOException {
        String names = alternatives(ofThisLibrary().map(QuantizationMethod::name));
        String constants = alternatives(ofThisLibrary().map(QuantizationMethod::title));
        String classes =
                alternatives(ofThisLibrary().map(method -> method.getClass().getSimpleName()));
        Set<String> naming =
                filesWith(Pattern.compile("\"" + names + "\"|\\bMethod\\." + constants + "\\b|\\b" + classes + "\\b"));
        naming.removeIf(file -> OWN.matcher(file).matches());
        Set<String> expected = new TreeSet<>(NAMES_FOR_USERS);
        expected.addAll(WORDS_OF_STORED_FILES);
        assertThat(naming).isEqualTo(expected);
    }

    @Test
    void noFileNamesTheClassOfAStoredSchemeButASchemeThatSharesItsReading() throws IOException {
        Set<String> naming = filesWith(Pattern.compile(
                "\\b(Awq|Gptq|BitsAndBytes4|LlmInt8|Hqq|Nvfp4|Mxfp4|PackQuantized|ScaledWeight)Scheme\\b"));
        naming.removeIf(file -> file.endsWith("Scheme"));
        assertThat(naming).isEmpty();
    }

    @Test
    void noFileNamesTheClassOfALayout() throws IOException {
        Set<String> naming = filesWith(
                Pattern.compile("\\b(Awq|Gptq|GptqV2|PackQuantized|BitsAndBytes|NaiveQuantized|BlockFp8)Format\\b"));
        naming.removeIf(file -> file.endsWith("Format"));
        assertThat(naming).isEmpty();
    }
}
