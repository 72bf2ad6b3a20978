package io.modelassay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** The modules of docs/architecture.md are those of the poms, with the same arrows, and none points back. */
class ModulePictureTest {
    private static final Path PROJECT = Path.of("../..");
    private static final Pattern ROW = Pattern.compile("\\| `(modelassay-\\w+)` \\|([^|]*)\\|.*");
    private static final Pattern NAME = Pattern.compile("`(modelassay-\\w+)`");

    private static String page() throws IOException {
        return Files.readString(PROJECT.resolve("docs/architecture.md"));
    }

    private static SortedMap<String, Set<String>> told() throws IOException {
        SortedMap<String, Set<String>> told = new TreeMap<>();
        for (String line : page().lines().toList()) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                Set<String> used = new TreeSet<>();
                NAME.matcher(row.group(2)).results().forEach(name -> used.add(name.group(1)));
                told.put(row.group(1), used);
            }
        }
        return told;
    }

    private static SortedMap<String, Set<String>> built() throws Exception {
        SortedMap<String, Set<String>> built = new TreeMap<>();
        try (Stream<Path> folders = Files.list(PROJECT.resolve("extension"))) {
            for (Path pom : folders.map(folder -> folder.resolve("pom.xml"))
                    .filter(Files::isRegularFile)
                    .toList()) {
                Document document = DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(pom.toFile());
                String name = texts(document, "/project/artifactId").get(0);
                built.put(
                        name,
                        new TreeSet<>(
                                texts(
                                        document,
                                        "/project/dependencies/dependency[groupId='io.modelassay' and not(scope='test')]/artifactId")));
            }
        }
        return built;
    }

    private static List<String> texts(Document document, String path) throws Exception {
        NodeList nodes =
                (NodeList) XPathFactory.newInstance().newXPath().evaluate(path, document, XPathConstants.NODESET);
        return Stream.iterate(0, i -> i < nodes.getLength(), i -> i + 1)
                .map(i -> nodes.item(i).getTextContent())
                .toList();
    }

    @Test
    void thePageHasTheModulesAndArrowsOfThePoms() throws Exception {
        assertThat(told()).hasSize(7).isEqualTo(built());
    }

    @Test
    void noArrowPointsBack() throws Exception {
        List<String> order = NAME.matcher(page().lines()
                        .filter(line -> line.contains("◄──"))
                        .findFirst()
                        .orElseThrow()
                        .replaceAll("modelassay-\\w+", "`$0`"))
                .results()
                .map(name -> name.group(1))
                .toList();
        assertThat(order).hasSize(6);
        built().forEach((module, used) -> {
            if (!used.isEmpty()) {
                assertThat(order.subList(0, order.indexOf(module))).as(module).containsAll(used);
            }
        });
    }
}
