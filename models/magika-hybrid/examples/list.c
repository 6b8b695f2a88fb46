#include <stdio.h>
#include <stdlib.h>

struct node {
    int value;
    struct node *next;
};

static struct node *push(struct node *head, int value) {
    struct node *made = malloc(sizeof *made);
    if (made == NULL) {
        perror("malloc");
        exit(EXIT_FAILURE);
    }
    made->value = value;
    made->next = head;
    return made;
}

int main(void) {
    struct node *head = NULL;
    for (int i = 0; i < 10; i++) {
        head = push(head, i * i);
    }
    for (struct node *node = head; node != NULL; node = node->next) {
        printf("%d\n", node->value);
    }
    return 0;
}
