/** What is wrong or odd about an artifact, in words: from headers and from the values of small parts. Needs no engine. */
@NullMarked
package io.modelassay.inspection;

import org.jspecify.annotations.NullMarked;
